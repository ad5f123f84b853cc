// `{"name": "Ada"}` is answered with `{"greeting": "Hello, Ada!"}`. A project of its own imports `portcullis-plugin`.

import { PluginError, defineHandler } from "../handler.js";

export const handler = defineHandler(({ name }) => {
  if (!name) throw new PluginError("no-name", "whom shall I greet?");
  return { greeting: `Hello, ${name}!` };
});
