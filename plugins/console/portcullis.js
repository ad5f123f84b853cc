// The extension's side of Portcullis: requests with replies, messages that nobody asked for, and errors, over a native
// messaging port. One file, no dependencies; for service workers and pages, in Chromium and Firefox.
//
// Replies of one plugin come in order, but an extension may have several plugins behind one port, and a session speaks
// when it likes; so a request carries a number, which the plugin's SDK gives back (README.md, "Correlation"). Errors of
// the host name the ordinal of the message that they answer and need no number. It does not check what plugins send,
// and never sends a message twice: whether a request that met a closed port was carried out, only its author can
// know.

/** The time after which a request fails, in milliseconds: a little over the host's own limit for one call. */
const TIMEOUT = 35_000;

/** The wait before the first reconnection, in milliseconds. It doubles each time. */
const SHORTEST_WAIT = 500;

/** The longest wait: a host that is installed meanwhile is found within a minute. */
const LONGEST_WAIT = 60_000;

/** A port that lived this long was a good one: the next wait is the shortest again. */
const STABLE_AFTER = 30_000;

/** How long `isInstalled` waits for the browser's refusal. It comes at once, since only files are looked up. */
const REFUSED_WITHIN = 1_000;

/** Something that went wrong, with a code for programs and, where there is one, the command that would mend it. */
export class PortcullisError extends Error {
  constructor(code, message, { hint, plugin, request, details } = {}) {
    super(message);
    this.name = "PortcullisError";
    /** Of the host (`no-route`, `plugin-timeout`, …), of the plugin, or one of this file; README.md has the list. */
    this.code = code;
    this.hint = hint;
    this.plugin = plugin;
    /** The ordinal of the message on its port, from 1, where the error answers one. */
    this.request = request;
    /** Everything that the host said. */
    this.details = details;
  }
}

/** Opens a port to the host `hostName`. The options are in portcullis.d.ts. */
export function connect(hostName, options) {
  return new Connection(hostName, options);
}

/** Sends one message to a host of its own, and resolves with the answer: `sendNativeMessage`. */
export function sendOnce(hostName, message, { signal, timeout = TIMEOUT } = {}) {
  return new Promise((resolve, reject) => {
    const done = limited({ signal, timeout, reject });
    const answer = (value) => {
      const error = hostError(value);
      done();
      error ? reject(error) : resolve(value);
    };
    const fail = (text) => {
      done();
      reject(connectionError(hostName, text));
    };
    if (signal?.aborted) return;
    try {
      const { runtime, gives } = api();
      if (gives === "promises") {
        runtime.sendNativeMessage(hostName, message).then(answer, (error) => fail(error?.message));
      } else {
        runtime.sendNativeMessage(hostName, message, (value) => {
          const failure = runtime.lastError;
          failure ? fail(failure.message) : answer(value);
        });
      }
    } catch (error) {
      done();
      reject(error instanceof PortcullisError ? error : connectionError(hostName, error?.message));
    }
  });
}

/**
 * Whether there is a host of this name that this extension may start, as `{ installed, code, sentence }`. The sentence
 * is for the person at the browser, and `null` where all is well. It starts the host and ends it; no plugin gets a
 * message.
 */
export function isInstalled(hostName) {
  return new Promise((resolve) => {
    const settle = (error) => {
      clearTimeout(timer);
      const installed = error === null || !["not-installed", "no-permission"].includes(error.code);
      resolve({ installed, code: error?.code ?? null, sentence: error?.message ?? null });
    };
    let timer;
    try {
      const { runtime } = api();
      const port = runtime.connectNative(hostName);
      const isThere = () => {
        settle(null);
        port.disconnect();
      };
      timer = setTimeout(isThere, REFUSED_WITHIN);
      port.onMessage.addListener(isThere);
      port.onDisconnect.addListener((ended) => settle(endOf(hostName, ended ?? port)));
    } catch (error) {
      settle(error instanceof PortcullisError ? error : connectionError(hostName, error?.message));
    }
  });
}

class Connection {
  #hostName;
  #options;
  #port = null;
  /** When the port was opened, and when the next one may be. */
  #opened = 0;
  #notBefore = 0;
  /** How many ports in a row did not live long. */
  #failures = 0;
  #lastError = null;
  #isClosed = false;
  #reopening = null;
  /** How many messages this port was given: what the host counts as `request`. */
  #ordinal = 0;
  #lastId = 0;
  /** Requests under way, oldest first, by ordinal. */
  #waiting = new Map();
  #listeners = { message: new Set(), error: new Set(), connect: new Set(), disconnect: new Set() };

  constructor(hostName, { correlation = "id", reconnect = "on-demand", timeout = TIMEOUT } = {}) {
    oneOf("correlation", correlation, ["id", "order"]);
    oneOf("reconnect", reconnect, ["on-demand", "always", "never"]);
    this.#hostName = hostName;
    this.#options = { correlation, reconnect, timeout };
    this.#open();
  }

  /** Whether there is a port now. */
  get isOpen() {
    return this.#port !== null;
  }

  /** Sends a message, and resolves with the reply. */
  async request(message, { signal, timeout = this.#options.timeout } = {}) {
    return new Promise((resolve, reject) => {
      const request = { resolve, reject, isGivenUp: false, id: this.#isNumbered ? ++this.#lastId : undefined };
      request.done = limited({
        signal,
        timeout,
        // Its place is kept where replies are told apart by their order: what it gets must not go to the next one.
        reject: (error) => {
          request.isGivenUp = true;
          if (this.#isNumbered) this.#waiting.delete(request.ordinal);
          reject(error);
        },
      });
      if (request.isGivenUp) return;
      this.#whenOpen(
        () => {
          if (!request.isGivenUp) this.#post(request, this.#isNumbered ? numbered(request.id, message) : message);
        },
        (error) => settle(request, "reject", error),
      );
    });
  }

  /** Sends a message that has no reply. Nothing is known of it but by an `error` event. */
  send(message) {
    const request = { resolve() {}, reject: (error) => this.#emit("error", error), done() {}, isSilent: true };
    this.#whenOpen(() => this.#post(request, message), request.reject);
  }

  /** Calls `listener` on `message`, `error`, `connect` or `disconnect`; returns what ends that. */
  on(event, listener) {
    oneOf("event", event, Object.keys(this.#listeners));
    this.#listeners[event].add(listener);
    return () => this.#listeners[event].delete(listener);
  }

  /** Ends the port for good. What is under way fails with the code `closed`. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const error = new PortcullisError("closed", `the connection to "${this.#hostName}" was closed by this extension`);
    const port = this.#port;
    this.#port = null;
    clearTimeout(this.#reopening?.timer);
    this.#reopening?.refuse(error);
    this.#failAll(error);
    port?.disconnect();
  }

  get #isNumbered() {
    return this.#options.correlation === "id";
  }

  #open() {
    const { runtime } = api();
    this.#opened = Date.now();
    this.#ordinal = 0;
    const port = runtime.connectNative(this.#hostName);
    this.#port = port;
    // A port that was given up still delivers what was under way.
    port.onMessage.addListener((message) => this.#port === port && this.#receive(message));
    port.onDisconnect.addListener((ended) => {
      const error = endOf(this.#hostName, ended ?? port);
      if (this.#port === port) this.#end(error);
    });
    this.#emit("connect");
  }

  #end(error) {
    this.#port = null;
    const lived = Date.now() - this.#opened;
    this.#failures = lived >= STABLE_AFTER ? 1 : this.#failures + 1;
    const longest = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** (this.#failures - 1));
    // Extensions in many windows lose their hosts at one moment; they must not come back at one.
    this.#notBefore = Date.now() + longest * (0.5 + Math.random() / 2);
    this.#lastError = error;
    this.#failAll(error);
    this.#emit("disconnect", error);
    if (this.#options.reconnect === "always" && !this.#isClosed) this.#reopen();
  }

  /** Calls one of the two, at once or when the next port may be opened. */
  #whenOpen(send, refuse) {
    if (this.#isClosed) {
      refuse(new PortcullisError("closed", `the connection to "${this.#hostName}" was closed by this extension`));
    } else if (this.#port) {
      send();
    } else if (this.#options.reconnect === "never") {
      refuse(this.#lastError);
    } else if (this.#lastError.code !== "disconnected" && Date.now() < this.#notBefore) {
      // Nothing will have changed in seconds, and the person is told at once.
      refuse(this.#lastError);
    } else {
      this.#reopen().waiting.push({ send, refuse });
    }
  }

  #reopen() {
    if (this.#reopening) return this.#reopening;
    const waiting = [];
    const finish = (each) => {
      this.#reopening = null;
      waiting.forEach(each);
    };
    const open = () => {
      try {
        this.#open();
      } catch (error) {
        const failure = error instanceof PortcullisError ? error : connectionError(this.#hostName, error?.message);
        finish(({ refuse }) => refuse(failure));
        return this.#end(failure);
      }
      // The port may end before all have been sent; they then wait for the next one.
      finish(({ send, refuse }) => this.#whenOpen(send, refuse));
    };
    const refuse = (error) => finish((one) => one.refuse(error));
    const timer = setTimeout(open, Math.max(0, this.#notBefore - Date.now()));
    this.#reopening = { waiting, timer, refuse };
    return this.#reopening;
  }

  #post(request, message) {
    request.ordinal = this.#ordinal + 1;
    try {
      this.#port.postMessage(message);
    } catch (error) {
      // What cannot be written as JSON throws too, and leaves the port as it was.
      return settle(request, "reject", connectionError(this.#hostName, error?.message, "not-sent"));
    }
    this.#ordinal += 1;
    // A message without a reply is kept only for its place; host errors find it by the ordinal that they name.
    if (!request.isSilent || !this.#isNumbered) this.#waiting.set(request.ordinal, request);
  }

  #receive(message) {
    const error = hostError(message) ?? lateError(message);
    if (error) {
      const id = message.$id;
      const request = id === undefined ? this.#waiting.get(error.request) : this.#numbered(id);
      if (request) return this.#settle(request, "reject", error);
      if (id === undefined) this.#emit("error", error);
      return;
    }
    if (!this.#isNumbered) {
      const [oldest] = this.#waiting.values();
      return oldest ? this.#settle(oldest, "resolve", message) : this.#emit("message", message);
    }
    if (!Number.isSafeInteger(message?.$id)) return this.#emit("message", message);
    const request = this.#numbered(message.$id);
    if (request) this.#settle(request, "resolve", message.$reply);
  }

  #numbered(id) {
    for (const request of this.#waiting.values()) if (request.id === id) return request;
    return undefined;
  }

  #settle(request, how, value) {
    this.#waiting.delete(request.ordinal);
    settle(request, how, value);
  }

  #failAll(error) {
    const requests = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const request of requests) if (!request.isSilent) settle(request, "reject", error);
  }

  #emit(event, value) {
    if (event === "error" && this.#listeners.error.size === 0) console.warn(value);
    for (const listener of [...this.#listeners[event]]) {
      // One listener's mistake must not keep the message from the next, nor end the port's own handling.
      try {
        listener(value);
      } catch (error) {
        console.error(error);
      }
    }
  }
}

/** The extension interface, and how it answers: Firefox's `browser` by promises, Chromium's `chrome` by callbacks. */
function api() {
  const runtime = globalThis.browser?.runtime ?? globalThis.chrome?.runtime;
  if (typeof runtime?.connectNative !== "function") {
    throw new PortcullisError(
      "no-permission",
      "this extension may not use native messaging here",
      { hint: 'add "nativeMessaging" to "permissions" in manifest.json; content scripts have to ask the service worker' },
    );
  }
  return { runtime, gives: globalThis.browser?.runtime ? "promises" : "callbacks" };
}

/** Puts the number on a message. An object keeps its members where a policy's `when` looks for them. */
function numbered(id, message) {
  const isPlain = message !== null && typeof message === "object" && !Array.isArray(message);
  if (!isPlain || typeof message.toJSON === "function" || "$id" in message || "$value" in message) {
    return { $id: id, $value: message };
  }
  return { $id: id, ...message };
}

/** The error in a frame that the host itself has made. */
function hostError(message) {
  const error = message?.$portcullis?.error;
  if (!error) return undefined;
  const { code, message: text, hint, plugin, request } = error;
  const about = { hint, plugin, request, details: error };
  if (code === "plugin-error" && error.plugin_code) return new PortcullisError(error.plugin_code, error.plugin_message, about);
  return new PortcullisError(code, text, about);
}

/** The error of a plugin that answers later than the call. */
function lateError(message) {
  const error = message?.$error;
  if (typeof error?.code !== "string") return undefined;
  return new PortcullisError(error.code, String(error.message ?? ""), { details: error });
}

/** What a port's end means. The reason must be read within the event, or the browser complains that nobody did. */
function endOf(hostName, port) {
  const { runtime } = api();
  return connectionError(hostName, port.error?.message ?? runtime.lastError?.message);
}

/** The command that lets this extension in. Without its last word it would take the host away from every other one. */
function registering(hostName) {
  return `portcullis register ${hostName} --allow ${api().runtime.id} --keep`;
}

/** The browsers' own words, which differ, as one error. */
function connectionError(hostName, text = "", otherwise = "disconnected") {
  const details = text ? { browser: text } : undefined;
  if (/host not found|no such native application/i.test(text)) {
    const message = `"${hostName}" is not installed on this computer: install Portcullis and register it`;
    return new PortcullisError("not-installed", message, { hint: registering(hostName), details });
  }
  if (/forbidden/i.test(text)) {
    const message = `"${hostName}" is installed, but not for this extension: register it again`;
    return new PortcullisError("not-allowed", message, { hint: registering(hostName), details });
  }
  const what = otherwise === "disconnected" ? `the connection to "${hostName}" ended` : "the message could not be sent";
  return new PortcullisError(otherwise, text ? `${what}: ${text}` : what, { details });
}

/** Rejects when the time is over or the signal is raised; returns what ends both. */
function limited({ signal, timeout, reject }) {
  let timer;
  const abort = () => {
    clearTimeout(timer);
    reject(signal.reason);
  };
  if (signal?.aborted) {
    reject(signal.reason);
    return () => {};
  }
  signal?.addEventListener("abort", abort, { once: true });
  const done = () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  };
  // Browsers take a longer time than this for none at all.
  if (timeout > 0 && timeout < 2 ** 31) {
    timer = setTimeout(() => {
      done();
      reject(new PortcullisError("timed-out", `there was no answer within ${timeout} ms`));
    }, timeout);
  }
  return done;
}

function settle(request, how, value) {
  request.done();
  if (!request.isGivenUp) request[how](value);
}

function oneOf(what, value, allowed) {
  if (!allowed.includes(value)) throw new TypeError(`${what} is one of ${allowed.join(", ")}, not ${value}`);
}
