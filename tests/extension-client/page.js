// The page: does what it is told to by itself, or has the background do it, which Firefox gives a driver no other way
// to.

import { exchange } from "./cases.js";

globalThis.exchange = (plan) => {
  if (plan.conversation !== "background") return exchange(plan);
  return (globalThis.browser ?? globalThis.chrome).runtime.sendMessage(plan);
};
