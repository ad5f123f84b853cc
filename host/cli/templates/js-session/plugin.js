// "ping" is answered with "pong", and {"every": 250, "times": 3} with three unsolicited {"tick": n} messages, one each
// 250 milliseconds.

import { PluginError, defineSession, post } from "./sdk/session.js";

export const session = defineSession({
  connect(peer) {
    console.log(`connected to ${peer.origin}`);
  },

  message(request) {
    if (request === "ping") return "pong";
    if (!Number.isSafeInteger(request?.every) || !Number.isSafeInteger(request?.times)) {
      throw new PluginError("unknown-request", 'send `"ping"`, or `{"every": milliseconds, "times": n}`');
    }
    let tick = 0;
    const timer = setInterval(() => {
      tick += 1;
      post({ tick });
      if (tick === request.times) clearInterval(timer);
    }, request.every);
    return undefined;
  },

  disconnect() {
    console.log("disconnected");
  },
});
