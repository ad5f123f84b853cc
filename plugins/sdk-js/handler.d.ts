/// <reference path="./host.d.ts" />

/** Who is at the other end of the port. The host fills it in, never a message. */
export interface Peer {
  /** `chrome-extension://<id>/` or a Mozilla add-on ID. */
  origin: string;
  browser: "chromium" | "mozilla";
  /** The name that the extension passed to `connectNative`, where the host can know it. */
  hostName: string | null;
}

/** A refusal that the extension is told: `code` for programs (short, lower case with dashes), `message` for people. */
export class PluginError extends Error {
  constructor(code: string, message: string);
  readonly code: string;
  /** Whatever was thrown. An error of the host's functions keeps its code; any other has the code `failed`. */
  static from(error: unknown): PluginError;
}

/** What a component exports as `handler`. */
export interface Handler {
  handle(peer: Peer, text: string): string;
}

/**
 * Makes `answer` the plugin: `export const handler = defineHandler((message) => …)`.
 *
 * A promise has to settle without waiting for anything, since nothing can happen before the answer. What is thrown
 * reaches the extension with its code.
 */
export function defineHandler<Message = unknown, Reply = unknown>(
  answer: (message: Message, peer: Peer) => Reply | PromiseLike<Reply>,
): Handler;
