// A plugin that holds a port: `export const session = defineSession({ connect, message, disconnect })`.

import "./prelude.js";
import { close, post as postText } from "portcullis:plugin/port@0.1.0";
import { cancel, set } from "portcullis:plugin/timers@0.1.0";
import { PluginError, guarded, open, refuseNativeAsync, seal, sealError } from "./envelope.js";
import { drain } from "./jobs.js";

export { PluginError, close };

/** Sends a message that nobody asked for. */
export function post(message) {
  postText(JSON.stringify(message));
}

/** What runs when a timer is due, by its token. */
const due = new Map();
let lastToken = 0;

function start(run, milliseconds, token = ++lastToken) {
  set(Math.min(Math.max(Math.ceil(milliseconds) || 0, 0), Number.MAX_SAFE_INTEGER), token);
  due.set(token, run);
  return token;
}

globalThis.setTimeout = (run, milliseconds, ...values) => start(() => run(...values), milliseconds);
globalThis.setInterval = (run, milliseconds, ...values) => {
  const again = () => {
    start(again, milliseconds, token);
    run(...values);
  };
  const token = start(() => again(), milliseconds);
  return token;
};
globalThis.clearTimeout = globalThis.clearInterval = (token) => {
  if (due.delete(token)) cancel(token);
};

/** A promise for `await sleep(250)`. */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * What a component exports as `session`. `message` may return a promise; its answer is sent when it settles, be that in
 * this call or when a timer is due.
 */
export function defineSession({ connect, message, disconnect }) {
  for (const [name, run] of Object.entries({ connect, message, disconnect })) refuseNativeAsync(name, run);
  return {
    connect: guarded((peer) => {
      connect?.(peer);
    }),
    message: guarded((text) => {
      const { id, message: received } = open(text);
      const call = { isOver: false };
      Promise.resolve(message(received)).then(
        (reply) => (call.isOver ? answerLate(id, reply) : (call.reply = reply)),
        (error) => (call.isOver ? refuseLate(id, error) : Object.assign(call, { error, hasFailed: true })),
      ).then(() => (call.isSettled = true));
      drain();
      call.isOver = true;
      if (call.hasFailed) throw call.error;
      if (!call.isSettled || (call.reply === undefined && id === undefined)) return null;
      return seal(id, call.reply);
    }),
    timer: guarded((token) => {
      const run = due.get(token);
      due.delete(token);
      run?.();
    }),
    disconnect: () => {
      // The contract has no error here, so one is for the log.
      try {
        guarded(disconnect ?? (() => {}))();
      } catch (error) {
        console.error(error);
      }
    },
  };
}

function answerLate(id, reply) {
  if (id !== undefined || reply !== undefined) postText(seal(id, reply));
}

function refuseLate(id, error) {
  postText(sealError(id, error));
}
