// Uses the console as a person does, for the test in tests/end_to_end/console.rs, which puts this page beside it.
//
// The console stays as it ships: it is opened in a tab of its own, and only what is on the page is typed into, pressed
// and read. The steps are those of tests/extension/exchange.js: `ask` sends in one shot by the button, `post` sends
// through a port by Ctrl+Enter, `hear` reads the entry after those that were read. What was read comes as an object of
// the entry's texts; a message that the console would not send as `threw`.

/** The entries of the log that were already read. */
let read = 0;

let opened = null;

globalThis.exchange = async ({ host, steps, patience }) => {
  opened ??= await openConsole();
  const outcomes = [];
  for (const step of steps) outcomes.push(await perform(opened, host, step, patience));
  return outcomes;
};

async function openConsole() {
  const extension = globalThis.browser ?? globalThis.chrome;
  await extension.tabs.create({ url: extension.runtime.getURL("console.html") });
  for (;;) {
    const view = extension.extension.getViews({ type: "tab" }).find((one) => one.location.pathname === "/console.html");
    // The script has run when the commands are there.
    if (view?.document.querySelector("#commands")?.textContent) return view;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function perform(view, host, step, patience) {
  const page = view.document;
  switch (step.kind) {
    case "ask":
      return write(view, host, "once", step.text, () => page.querySelector("#send").click()) ?? hear(view, patience);
    case "post": {
      const keys = { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true };
      const press = () => page.querySelector("#message").dispatchEvent(new view.KeyboardEvent("keydown", keys));
      return write(view, host, "port", step.text, press) ?? { kind: "done" };
    }
    case "hear":
      return hear(view, patience);
    case "disconnect":
      page.querySelector("#close").click();
      return { kind: "done" };
    default:
      throw new Error(`there is no step of kind ${step.kind}`);
  }
}

function write(view, host, mode, text, press) {
  const page = view.document;
  page.querySelector(`[name=mode][value=${mode}]`).click();
  for (const [id, value] of [["#host", host], ["#message", text]]) {
    const field = page.querySelector(id);
    field.value = value;
    field.dispatchEvent(new view.Event("input", { bubbles: true }));
  }
  press();
  const problem = page.querySelector("#problem").textContent;
  return problem ? { kind: "threw", message: problem } : undefined;
}

async function hear(view, patience) {
  const log = view.document.querySelector("#log");
  const deadline = Date.now() + patience;
  while (log.children.length <= read) {
    if (Date.now() > deadline) return { kind: "silence" };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // The newest entry is the first.
  const entry = log.children[log.children.length - 1 - read];
  read += 1;
  const seen = {};
  for (const part of ["kind", "host", "code", "time", "text", "hint", "body"]) {
    const found = entry.querySelector(`.${part}`);
    if (found) seen[part] = found.textContent;
  }
  // What stands in the list of hosts by now.
  seen.state = view.document.querySelector("#hosts .state")?.textContent;
  return { kind: "heard", text: JSON.stringify(seen) };
}
