// Promises for an engine that never runs their jobs.
//
// A component with synchronous exports returns as soon as its function does, and QuickJS in it has no loop that would
// run what is waiting: a native `then` is never called. These promises keep their jobs in a list that `drain` empties,
// which the wrappers in handler.js and session.js call at the end of each call. Native `async` functions use the
// engine's own promises whatever stands in `globalThis.Promise`, so they have to be compiled to generators first
// (`target: "ES2016"` in TypeScript); the wrappers refuse those that are not, when the plugin is built.

const jobs = [];
const unhandled = new Map();

/** Runs what waits, and what that makes wait, until nothing does. Errors that nobody handles go to the log. */
export function drain() {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) job();
  for (const error of unhandled.values()) console.error("nobody handles this error of a promise:", error);
  unhandled.clear();
}

/** `Promise` as the language has it, on the list above. */
export class JobPromise {
  #state = "pending";
  #value;
  #waiting = [];

  constructor(executor) {
    const { resolve, reject } = this.#resolvers();
    try {
      executor(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  get [Symbol.toStringTag]() {
    return "Promise";
  }

  then(onValue, onError) {
    return new JobPromise((resolve, reject) => {
      const react = (handler, otherwise) => (value) => {
        if (typeof handler !== "function") return otherwise(value);
        try {
          resolve(handler(value));
        } catch (error) {
          reject(error);
        }
      };
      unhandled.delete(this);
      this.#waiting.push({ fulfilled: react(onValue, resolve), rejected: react(onError, reject) });
      this.#wake();
    });
  }

  catch(onError) {
    return this.then(undefined, onError);
  }

  finally(run) {
    const after = (last) => (value) => JobPromise.resolve(run()).then(() => last(value));
    return this.then(
      after((value) => value),
      after((error) => {
        throw error;
      }),
    );
  }

  /** The two functions that settle this promise; the first call of either counts. */
  #resolvers() {
    let isDone = false;
    const once = (run) => (value) => {
      if (isDone) return;
      isDone = true;
      run(value);
    };
    return { resolve: once((value) => this.#resolve(value)), reject: once((error) => this.#settle("rejected", error)) };
  }

  #resolve(value) {
    if (value === this) return this.#settle("rejected", new TypeError("a promise cannot wait for itself"));
    let then;
    try {
      then = value !== null && ["object", "function"].includes(typeof value) ? value.then : undefined;
    } catch (error) {
      return this.#settle("rejected", error);
    }
    if (typeof then !== "function") return this.#settle("fulfilled", value);
    const { resolve, reject } = this.#resolvers();
    jobs.push(() => {
      try {
        then.call(value, resolve, reject);
      } catch (error) {
        reject(error);
      }
    });
  }

  #settle(state, value) {
    this.#state = state;
    this.#value = value;
    if (state === "rejected" && this.#waiting.length === 0) unhandled.set(this, value);
    this.#wake();
  }

  #wake() {
    if (this.#state === "pending") return;
    for (const reactions of this.#waiting.splice(0)) jobs.push(() => reactions[this.#state](this.#value));
  }

  static resolve(value) {
    return value instanceof JobPromise ? value : new JobPromise((resolve) => resolve(value));
  }

  static reject(error) {
    return new JobPromise((_, reject) => reject(error));
  }

  static withResolvers() {
    const parts = {};
    parts.promise = new JobPromise((resolve, reject) => Object.assign(parts, { resolve, reject }));
    return parts;
  }

  static race(values) {
    return new JobPromise((resolve, reject) => {
      for (const value of values) JobPromise.resolve(value).then(resolve, reject);
    });
  }

  static all(values) {
    return gather(values, (settle, place, { resolve, reject }) => [settle(place, resolve), reject]);
  }

  static allSettled(values) {
    return gather(values, (settle, place, { resolve }) => {
      const put = settle(place, resolve);
      const fulfilled = (value) => put({ status: "fulfilled", value });
      return [fulfilled, (reason) => put({ status: "rejected", reason })];
    });
  }

  static any(values) {
    return gather(values, (settle, place, { resolve, reject }) => {
      const give = (errors) => reject(new AggregateError(errors, "every promise was rejected"));
      return [resolve, settle(place, give)];
    }, (reject) => reject(new AggregateError([], "there was no promise")));
  }
}

/** What `all`, `allSettled` and `any` share: a list with a place for each promise, given away when it is full. */
function gather(values, reactions, empty) {
  return new JobPromise((resolve, reject) => {
    const promises = [...values];
    const places = new Array(promises.length);
    let missing = promises.length;
    if (missing === 0) return empty ? empty(reject) : resolve([]);
    const settle = (place, give) => (value) => {
      places[place] = value;
      missing -= 1;
      if (missing === 0) give(places);
    };
    promises.forEach((value, place) => {
      JobPromise.resolve(value).then(...reactions(settle, place, { resolve, reject }));
    });
  });
}
