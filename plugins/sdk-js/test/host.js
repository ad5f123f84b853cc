// The host's functions, as far as the tests look at them. `hooks.js` puts this file in the place of every
// `portcullis:plugin/…`, so each test file has one host.

export const host = { posted: [], timers: new Map(), lines: [], refusal: undefined, isClosed: false };

function call() {
  if (!host.refusal) return;
  // As componentize-qjs throws the error of a `result`.
  const error = new Error("[object Object] (see error.payload)");
  error.payload = host.refusal;
  throw error;
}

export const post = (json) => {
  call();
  host.posted.push(JSON.parse(json));
};
export const close = () => (host.isClosed = true);
export const set = (delay, token) => {
  call();
  host.timers.set(token, delay);
};
export const cancel = (token) => host.timers.delete(token);
export const write = (level, text) => host.lines.push(`${level} ${text}`);
