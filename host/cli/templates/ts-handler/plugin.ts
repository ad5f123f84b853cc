// Answers "ping" with "pong". Messages and replies are whatever JSON can hold.

import { PluginError, defineHandler } from "../sdk/handler.js";

export const handler = defineHandler<unknown, string>((message, peer) => {
  if (message === "ping") return "pong";
  throw new PluginError("unknown-request", 'send `"ping"`');
});
