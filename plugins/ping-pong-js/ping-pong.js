// The ping-pong of ../ping-pong in JavaScript: "ping" is answered with "pong", and {"every": 250, "times": 3} with
// three unsolicited {"tick": n} messages, one each 250 milliseconds.
//
// This is the contract as it is, without the SDK: the module exports an object named after the interface, its methods
// take and give JSON texts, `null` is no reply, and an object with `code` and `message` that is thrown is an error
// value. ../ping-pong-ts is the same with the SDK.

import { write } from "portcullis:plugin/log@0.1.0";
import { post } from "portcullis:plugin/port@0.1.0";
import { set } from "portcullis:plugin/timers@0.1.0";

/** The one timer of this plugin. */
const TICK = 1;

/** The ticks that are still to come, for the life of the port. */
let ticks = { every: 0, times: 0, sent: 0 };

/** Calls the host, and throws its refusals as this plugin's own. */
function host(call, ...values) {
  try {
    return call(...values);
  } catch (error) {
    throw error.payload;
  }
}

export const session = {
  connect(peer) {
    write("info", `connected to ${peer.origin}`);
  },

  message(json) {
    let request;
    try {
      request = JSON.parse(json);
    } catch (error) {
      // Any other object that is thrown ends the plugin.
      throw { code: "invalid-message", message: error.message };
    }
    if (request === "ping") return JSON.stringify("pong");
    if (Number.isSafeInteger(request?.every) && Number.isSafeInteger(request?.times)) {
      ticks = { every: request.every, times: request.times, sent: 0 };
      host(set, ticks.every, TICK);
      return null;
    }
    throw { code: "unknown-request", message: 'send `"ping"`, or `{"every": milliseconds, "times": n}`' };
  },

  timer(_token) {
    ticks.sent += 1;
    host(post, JSON.stringify({ tick: ticks.sent }));
    if (ticks.sent < ticks.times) host(set, ticks.every, TICK);
  },

  disconnect() {
    write("info", "disconnected");
  },
};
