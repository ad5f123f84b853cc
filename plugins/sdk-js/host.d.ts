// The host's functions, as `componentize-qjs` gives them to JavaScript. What fails throws an Error whose `payload` has
// `code` and `message`. The meaning of each is in wit/portcullis.wit.

interface HostError extends Error {
  payload: { code: string; message: string };
}

declare module "portcullis:plugin/log@0.1.0" {
  export function write(level: "debug" | "info" | "warn" | "error", text: string): void;
}

declare module "portcullis:plugin/config@0.1.0" {
  export function get(key: string): string | null;
  export function all(): [key: string, value: string][];
}

declare module "portcullis:plugin/storage@0.1.0" {
  export function get(key: string): Uint8Array | null;
  export function set(key: string, value: Uint8Array): void;
  export function delete_(key: string): void;
  export { delete_ as delete };
  export function keys(prefix: string, after: string | null, limit: number): { keys: string[]; next: string | null };
  export function compareAndSwap(key: string, expected: Uint8Array | null, value: Uint8Array | null): boolean;
}

declare module "portcullis:plugin/secrets@0.1.0" {
  export function get(name: string): string | null;
  export function set(name: string, value: string): void;
  export function delete_(name: string): void;
  export { delete_ as delete };
}

declare module "portcullis:plugin/port@0.1.0" {
  export function post(json: string): void;
  export function close(): void;
}

declare module "portcullis:plugin/timers@0.1.0" {
  export function set(delayMs: number, token: number): void;
  export function cancel(token: number): void;
}

// What prelude.js puts in place. A project of a plugin has `"lib": ["ES2022"]` and no DOM, whose types of these differ.
declare var console: Record<"debug" | "log" | "info" | "warn" | "error", (...values: unknown[]) => void>;
