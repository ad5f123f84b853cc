// Resolves the host's modules, which only a component has, to the fake in host.js.

import { register } from "node:module";

const hook = `export function resolve(specifier, context, next) {
  if (!specifier.startsWith("portcullis:")) return next(specifier, context);
  return { url: ${JSON.stringify(new URL("./host.js", import.meta.url).href)}, shortCircuit: true };
}`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);
