// What JavaScript authors expect of every engine and QuickJS in a component does not have.

import { write } from "portcullis:plugin/log@0.1.0";
import { JobPromise } from "./jobs.js";

globalThis.Promise = JobPromise;

const shown = (value) => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack ?? ""}`;
  return JSON.stringify(value) ?? String(value);
};
const at = (level) => (...values) => write(level, values.map(shown).join(" "));
globalThis.console = { debug: at("debug"), log: at("info"), info: at("info"), warn: at("warn"), error: at("error") };

// The engine draws the seed when the plugin is built, so every instance would give the same numbers. These differ by
// the time of the first call. They are for games and back-off, never for secrets: that needs `wasi:random`.
let state = 0;
Math.random = () => {
  if (state === 0) state = ((Date.now() ^ (performance.now() * 1e6)) >>> 0) || 1;
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};
