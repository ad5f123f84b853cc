// The background, which is a service worker in Chromium and an event page in Firefox.

import { exchange } from "./cases.js";

globalThis.exchange = exchange;

(globalThis.browser ?? globalThis.chrome).runtime.onMessage.addListener((plan, _sender, answer) => {
  exchange(plan).then(answer);
  // The answer comes later.
  return true;
});
