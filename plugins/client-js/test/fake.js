// A fake of the part of `chrome.runtime` and `browser.runtime` that the client uses. It copies messages as browsers
// do, by JSON, and reads `lastError` only within the event that set it.

export class FakeRuntime {
  /** Every port that was opened, oldest first. */
  ports = [];
  /** What `connectNative` does in place of opening a port that stays. */
  onConnect = () => {};
  /** What `sendNativeMessage` answers: a value, or an Error for `lastError`. */
  answer = undefined;
  oneShots = [];
  lastError = undefined;

  /** Installs it as `chrome`, whose answers come by callbacks, or as `browser`, whose answers are promises. */
  install(name) {
    delete globalThis.chrome;
    delete globalThis.browser;
    const runtime = this;
    this.isPromising = name === "browser";
    globalThis[name] = {
      runtime: {
        id: "notes@example.com",
        connectNative: (host) => this.connectNative(host),
        sendNativeMessage: (...values) => this.sendNativeMessage(...values),
        get lastError() {
          return runtime.lastError;
        },
      },
    };
    return this;
  }

  get port() {
    return this.ports.at(-1);
  }

  connectNative(host) {
    const port = new FakePort(this, host);
    this.ports.push(port);
    queueMicrotask(() => this.onConnect(port));
    return port;
  }

  sendNativeMessage(host, message, callback) {
    this.oneShots.push({ host, message: copied(message) });
    const { answer } = this;
    if (this.isPromising) return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(copied(answer));
    queueMicrotask(() => {
      this.lastError = answer instanceof Error ? { message: answer.message } : undefined;
      callback(answer instanceof Error ? undefined : copied(answer));
      this.lastError = undefined;
    });
    return undefined;
  }
}

class FakePort {
  sent = [];
  isOver = false;
  onMessage = new FakeEvent();
  onDisconnect = new FakeEvent();
  #runtime;

  constructor(runtime, host) {
    this.#runtime = runtime;
    this.host = host;
  }

  postMessage(message) {
    if (this.isOver) throw new Error("Attempting to use a disconnected port object");
    this.sent.push(copied(message));
  }

  disconnect() {
    this.isOver = true;
  }

  /** The host says something. */
  say(message) {
    this.onMessage.fire(copied(message));
  }

  /** The host, or the browser, ends the port. */
  end(reason) {
    this.isOver = true;
    if (this.#runtime.isPromising) this.error = reason ? { message: reason } : null;
    else this.#runtime.lastError = reason ? { message: reason } : undefined;
    this.onDisconnect.fire(this);
    this.#runtime.lastError = undefined;
  }
}

class FakeEvent {
  #listeners = [];

  addListener(listener) {
    this.#listeners.push(listener);
  }

  fire(value) {
    for (const listener of this.#listeners) listener(value);
  }
}

const copied = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
