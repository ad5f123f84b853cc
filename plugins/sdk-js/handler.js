// A plugin that answers requests: `export const handler = defineHandler((message, peer) => reply)`.

import "./prelude.js";
import { PluginError, guarded, open, refuseNativeAsync, seal } from "./envelope.js";
import { drain } from "./jobs.js";

export { PluginError };

/** What a component exports as `handler`. `answer` may return a promise that settles without waiting for anything. */
export function defineHandler(answer) {
  refuseNativeAsync("handler", answer);
  return {
    handle: guarded((peer, text) => {
      const { id, message } = open(text);
      let outcome;
      Promise.resolve(answer(message, peer)).then(
        (reply) => (outcome = { reply }),
        (error) => (outcome = { error }),
      );
      drain();
      if (outcome === undefined) {
        throw new PluginError("no-answer", "the handler waits for something that cannot happen before it has answered");
      }
      if ("error" in outcome) throw outcome.error;
      return seal(id, outcome.reply);
    }),
  };
}
