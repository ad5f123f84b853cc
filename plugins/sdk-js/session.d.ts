/// <reference path="./host.d.ts" />

import type { Peer } from "./handler.js";

export { PluginError, type Peer } from "./handler.js";

/** A plugin for the life of a port. */
export interface SessionFunctions<Message, Reply> {
  /** The port is open. Comes first, once for each instance. What is thrown refuses the port's messages. */
  connect?(peer: Peer): void;
  /**
   * A message from the extension. A promise's answer is sent when it settles, be that when a timer is due. `undefined`
   * says that there is none.
   */
  message(message: Message): Reply | undefined | PromiseLike<Reply | undefined>;
  /** The port is closing; there is one second for everything. */
  disconnect?(): void;
}

/** What a component exports as `session`. */
export interface Session {
  connect(peer: Peer): void;
  message(text: string): string | null;
  timer(token: number): void;
  disconnect(): void;
}

/** Makes the functions the plugin: `export const session = defineSession({ message() { … } })`. */
export function defineSession<Message = unknown, Reply = unknown>(functions: SessionFunctions<Message, Reply>): Session;

/** Sends a message that nobody asked for. Throws the code `closed` or `too-large`. */
export function post(message: unknown): void;

/** Ends the port once everything posted has been written. */
export function close(): void;

/** A promise for `await sleep(250)`. */
export function sleep(milliseconds: number): Promise<void>;

declare global {
  /** Timers of the host: at most 64 at once, at most 30 days. */
  function setTimeout<Values extends unknown[]>(run: (...values: Values) => void, milliseconds?: number, ...values: Values): number;
  function setInterval<Values extends unknown[]>(run: (...values: Values) => void, milliseconds?: number, ...values: Values): number;
  function clearTimeout(token: number | undefined): void;
  function clearInterval(token: number | undefined): void;
}
