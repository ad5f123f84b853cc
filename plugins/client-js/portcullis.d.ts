/** Something that went wrong, with a code for programs and, where there is one, the command that would mend it. */
export class PortcullisError extends Error {
  constructor(
    code: string,
    message: string,
    about?: { hint?: string; plugin?: string; request?: number; details?: unknown },
  );
  /** Of the host (`no-route`, `plugin-timeout`, …), of the plugin, or of the client; README.md has the list. */
  readonly code: string;
  /** The command, or the change, that would mend it. */
  readonly hint?: string;
  /** The plugin that it is about. */
  readonly plugin?: string;
  /** The ordinal of the message on its port, from 1, where the error answers one. */
  readonly request?: number;
  /** Everything that the host, the plugin or the browser said. */
  readonly details?: unknown;
}

export interface RequestOptions {
  /** Gives the request up; it rejects with the signal's reason. The plugin is not told. */
  signal?: AbortSignal;
  /** In milliseconds; 0 is no limit. 35 seconds unless set: a little over the host's own limit for one call. */
  timeout?: number;
}

export interface ConnectOptions {
  /**
   * How a reply finds its request. `id` (unless set): by a number that the plugin's SDK gives back. `order`: replies
   * belong to requests in turn, for one plugin that answers every message with exactly one and never speaks unasked.
   */
  correlation?: "id" | "order";
  /**
   * What happens when the port has ended. `on-demand` (unless set): the next request opens another one. `always`: it is
   * opened without one, for extensions that listen. `never`: requests fail. The wait between two ports grows to a minute.
   */
  reconnect?: "on-demand" | "always" | "never";
  /** The `timeout` of requests that do not set their own. */
  timeout?: number;
}

export interface Connection {
  /** Whether there is a port now. */
  readonly isOpen: boolean;
  /** Sends a message, and resolves with the reply. Rejects with a `PortcullisError`, or with the signal's reason. */
  request<Reply = unknown>(message: unknown, options?: RequestOptions): Promise<Reply>;
  /** Sends a message that has no reply. Nothing is known of it but by an `error` event. */
  send(message: unknown): void;
  /** Messages that answer no request. Returns what ends the listening. */
  on<Message = unknown>(event: "message", listener: (message: Message) => void): () => void;
  /** Errors that answer no request. Without a listener they go to the console. */
  on(event: "error", listener: (error: PortcullisError) => void): () => void;
  /** A port was opened again. */
  on(event: "connect", listener: () => void): () => void;
  /** The port has ended, though not by `close`. */
  on(event: "disconnect", listener: (error: PortcullisError) => void): () => void;
  /** Ends the port for good. What is under way fails with the code `closed`. */
  close(): void;
}

/** Opens a port to the host `hostName`. Throws `no-permission` where the extension may not use native messaging. */
export function connect(hostName: string, options?: ConnectOptions): Connection;

/** Sends one message to a host of its own, and resolves with the answer: `sendNativeMessage`. */
export function sendOnce<Reply = unknown>(hostName: string, message: unknown, options?: RequestOptions): Promise<Reply>;

export interface Installed {
  /** Whether there is a host of this name. */
  installed: boolean;
  /** `null` where all is well, else the code of the error. */
  code: string | null;
  /** What to show to the person at the browser; `null` where all is well. */
  sentence: string | null;
}

/** Whether there is a host of this name that this extension may start. No plugin gets a message. */
export function isInstalled(hostName: string): Promise<Installed>;
