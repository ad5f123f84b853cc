// "ping" is answered with "pong", and {"every": 250, "times": 3} with three unsolicited {"tick": n} messages, one each
// 250 milliseconds. Messages are values, errors are thrown, and `await` works.

import { PluginError, defineSession, post, sleep } from "portcullis-plugin/session";

/** What an extension may ask for. */
type Request = string | { every: number; times: number };

export const session = defineSession<Request, string>({
  connect(peer) {
    console.log(`connected to ${peer.origin}`);
  },

  async message(request) {
    if (request === "ping") return "pong";
    if (typeof request === "object" && Number.isSafeInteger(request?.every) && Number.isSafeInteger(request?.times)) {
      // The messages that come meanwhile are handled: this function only waits.
      for (let tick = 1; tick <= request.times; tick += 1) {
        await sleep(request.every);
        post({ tick });
      }
      return undefined;
    }
    throw new PluginError("unknown-request", 'send `"ping"`, or `{"every": milliseconds, "times": n}`');
  },

  disconnect() {
    console.log("disconnected");
  },
});
