// Holds a conversation with a native messaging host, step by step, and reports the outcome of every step.
//
// It judges nothing. What should have come is written in the test that drives it (`tests/end_to_end/chromium.rs`),
// so that the same conversation can be held with a host that is known to be wrong, and be seen to fail.
//
// Messages travel to and from the driver as JSON texts, because a text shows what a parsed value hides: the order of
// keys, and lone surrogates, which the driver's own JSON could not carry.

/** A reply longer than this, in UTF-16 units, is reported by its size only. */
const LONGEST_TEXT_REPORTED = 4096;

/** The open conversations, by the name that the driver gave them. */
const conversations = new Map();

/** Called with each step and its outcome, as it happens. */
let watcher = () => {};

/** Lets a page show what happens. There is one watcher at most. */
export function watch(listener) {
  watcher = listener;
}

/**
 * Performs `steps` with the host called `host` and returns one outcome for each.
 *
 * `conversation` names a port, which is opened by the first step that needs it and stays open until a `disconnect`
 * step or until the host ends, so a later call can go on with it. `patience` is how long a step waits for the host
 * before it reports silence, in milliseconds.
 *
 *     step, by `kind`                  what it does
 *     post { text }                    `port.postMessage` of the parsed text
 *     post-bytes { bytes }             the same, of a string whose JSON is that long
 *     hear                             waits for the next message of the port, or for its end
 *     ask { text }                     `sendNativeMessage`, which needs no port
 *     ask-bytes { bytes }              the same, of an object whose JSON is that long
 *     disconnect                       `port.disconnect`
 *
 *     outcome, by `kind`               after
 *     done                             post, disconnect
 *     heard { text }                   hear, ask
 *     heard-long { bytes, same }       hear, ask; `same` says whether the reply is what was sent last
 *     ended { message }                hear, ask: what the browser says of it
 *     silence                          hear, ask
 *     threw { message }                any
 */
export async function exchange({ conversation: name, host, steps, patience }) {
  const conversation = conversations.get(name) ?? new Conversation(host, patience);
  conversations.set(name, conversation);
  const outcomes = [];
  for (const step of steps) {
    const outcome = await conversation.perform(step);
    watcher({ name, host, step, outcome });
    outcomes.push(outcome);
    if (step.kind === "disconnect" || outcome.kind === "ended") {
      conversations.delete(name);
    }
  }
  return outcomes;
}

class Conversation {
  #host;
  #patience;
  #port = null;
  /** What came and was not yet asked for: outcomes of `hear`. */
  #arrived = [];
  /** Ends the wait of the `hear` step, where one is waiting. */
  #wake = () => {};
  /** The JSON text that was sent last. */
  #sent = null;

  constructor(host, patience) {
    this.#host = host;
    this.#patience = patience;
  }

  async perform(step) {
    try {
      switch (step.kind) {
        case "post":
          return this.#post(step.text);
        case "post-bytes":
          return this.#post(JSON.stringify("x".repeat(step.bytes - '""'.length)));
        case "hear":
          return await this.#hear();
        case "ask":
          return await this.#ask(step.text);
        case "ask-bytes":
          return await this.#ask(JSON.stringify({ text: "x".repeat(step.bytes - '{"text":""}'.length) }));
        case "disconnect":
          return this.#disconnect();
        default:
          throw new Error(`there is no step of kind ${step.kind}`);
      }
    } catch (error) {
      return { kind: "threw", message: error.message };
    }
  }

  #post(text) {
    this.#open().postMessage(JSON.parse(text));
    this.#sent = text;
    return { kind: "done" };
  }

  async #hear() {
    this.#open();
    if (this.#arrived.length === 0) {
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, this.#patience);
      });
    }
    return this.#arrived.shift() ?? { kind: "silence" };
  }

  /** The callback form, because a promise would not tell a throw at the call from a failure after it. */
  #ask(text) {
    this.#sent = text;
    return new Promise((resolve, reject) => {
      setTimeout(resolve, this.#patience, { kind: "silence" });
      try {
        chrome.runtime.sendNativeMessage(this.#host, JSON.parse(text), (value) => {
          const failure = chrome.runtime.lastError;
          resolve(failure ? { kind: "ended", message: failure.message } : this.#heard(value));
        });
      } catch (error) {
        reject(error);
      }
    });
  }

  #disconnect() {
    this.#port?.disconnect();
    this.#port = null;
    return { kind: "done" };
  }

  #open() {
    if (this.#port === null) {
      this.#port = chrome.runtime.connectNative(this.#host);
      this.#port.onMessage.addListener((value) => this.#arrive(this.#heard(value)));
      // Only the host's end raises this event: disconnecting from this side does not.
      // Firefox tells the reason by the port, Chromium by `lastError`.
      this.#port.onDisconnect.addListener((port) => {
        this.#arrive({ kind: "ended", message: port.error?.message ?? chrome.runtime.lastError?.message ?? "" });
      });
    }
    return this.#port;
  }

  #arrive(outcome) {
    this.#arrived.push(outcome);
    this.#wake();
  }

  #heard(value) {
    const text = JSON.stringify(value);
    return text.length <= LONGEST_TEXT_REPORTED
      ? { kind: "heard", text }
      : { kind: "heard-long", bytes: new TextEncoder().encode(text).length, same: text === this.#sent };
  }
}
