// The number of a request of `portcullis-client`: `{"$id": 7, …members}` or `{"$id": 7, "$value": …}` comes in,
// `{"$id": 7, "$reply": …}` goes out. A message without a number is answered as it is.

import { drain } from "./jobs.js";

/** A refusal that the extension is told: `code` for programs, `message` for people. */
export class PluginError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "PluginError";
    this.code = code;
  }

  /** Whatever was thrown. An error of the host's functions keeps its code; any other has the code `failed`. */
  static from(error) {
    const { code, message } = error?.payload ?? error ?? {};
    return new PluginError(typeof code === "string" ? code : "failed", String(message ?? error));
  }
}

/** The message in a JSON text, apart from its number. */
export function open(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch (error) {
    throw new PluginError("invalid-message", `the message is not understood: ${error.message}`);
  }
  if (message === null || typeof message !== "object" || !Number.isSafeInteger(message.$id)) return { message };
  const { $id: id, ...members } = message;
  return { id, message: "$value" in members ? members.$value : members };
}

/** The JSON text of a reply; `undefined` says that there is no answer but that the request was taken. */
export function seal(id, reply) {
  if (id === undefined) return JSON.stringify(reply) ?? "null";
  return JSON.stringify({ $id: id, $reply: reply });
}

/** The JSON text of an error that comes after the call that it answers. */
export function sealError(id, error) {
  const { code, message } = PluginError.from(error);
  return JSON.stringify({ $id: id, $error: { code, message } });
}

/** A plugin's function, so that every error is one of the contract's; anything else would end the plugin. */
export function guarded(run) {
  return (...values) => {
    try {
      return run(...values);
    } catch (error) {
      const { code, message } = PluginError.from(error);
      throw { code, message };
    } finally {
      drain();
    }
  };
}

/** Refuses a native `async` function while the plugin is being built; jobs.js has the reason. */
export function refuseNativeAsync(name, run) {
  if (["AsyncFunction", "AsyncGeneratorFunction"].includes(run?.constructor?.name)) {
    throw new TypeError(
      `\`${name}\` is an async function, which would never go on after its first await: compile the plugin with ` +
        '`"target": "ES2016"` in tsconfig.json (with `"allowJs": true` for JavaScript)',
    );
  }
}
