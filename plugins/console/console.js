// The console's page: which hosts answer this extension, what a message gets from one, and how long that takes.
//
// Everything goes through the client that plugin authors use (portcullis.js, a copy of ../client-js), so what works
// here works in their extension. A browser does not tell an extension which hosts there are, and a host does not tell
// which plugins it has; so the names of hosts are typed once and remembered, and a plugin's name is shown where an
// error names it. Nothing is sent but what the person wrote, and messages are not kept.

import { connect, isInstalled, sendOnce } from "./portcullis.js";

/** Where the names of hosts are kept in this extension's own storage. */
const REMEMBERED = "hosts";

/** More entries than this are dropped from the end of the log: a plugin may post messages for days. */
const MOST_ENTRIES = 200;

/** A longer text is cut where it is shown, in characters: a reply may have a mebibyte. */
const LONGEST_SHOWN = 20_000;

const [host, hosts, commands, message, problem, close, log] = [
  "host", "hosts", "commands", "message", "problem", "close", "log",
].map((id) => document.getElementById(id));

const isChromium = location.protocol === "chrome-extension:";

/** What a policy and a manifest call this extension: an origin in Chromium, an add-on id in Firefox. */
const identity = isChromium ? `${location.origin}/` : globalThis.browser.runtime.id;

/** What is known of each remembered host, as `{ look, text, hint }`, by its name. */
const known = new Map(remembered().map((name) => [name, { look: "", text: "not asked yet" }]));

/** The open port, as `{ name, mode, connection, waiting }`; `waiting` counts requests without an answer yet. */
let open = null;

document.getElementById("host-form").addEventListener("submit", (event) => {
  event.preventDefault();
  learn(hostName(), {});
  ask(hostName());
});
document.getElementById("message-form").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  send();
});
document.getElementById("clear").addEventListener("click", () => log.replaceChildren());
close.addEventListener("click", closePort);
message.addEventListener("input", validated);
host.addEventListener("input", showCommands);
for (const radio of document.getElementsByName("mode")) radio.addEventListener("change", validated);

host.value = known.keys().next().value ?? "";
showCommands();
showHosts();
for (const name of known.keys()) ask(name);

async function send() {
  if (!document.getElementById("host-form").reportValidity()) return;
  const checked = validated();
  if (!checked) return message.focus();
  const name = hostName();
  const chosen = mode();
  const sent = JSON.stringify(checked.value);
  const started = performance.now();
  let port = null;
  try {
    let reply;
    if (chosen === "once") {
      reply = await sendOnce(name, checked.value);
    } else {
      port = portTo(name, chosen);
      port.waiting += 1;
      reply = await port.connection.request(checked.value);
    }
    const time = performance.now() - started;
    show({ kind: "reply", name, sent, value: reply, time });
    learn(name, { look: "good", text: `answered in ${milliseconds(time)}` });
  } catch (error) {
    showError(name, error, { sent, time: performance.now() - started });
  } finally {
    if (port) port.waiting -= 1;
  }
}

/** The port that is open, where it is to this host and in this mode, else a new one in its place. */
function portTo(name, chosen) {
  if (open?.name === name && open.mode === chosen) return open;
  closePort();
  const correlation = chosen === "numbered" ? "id" : "order";
  const connection = connect(name, { correlation, reconnect: "never" });
  const port = { name, mode: chosen, connection, waiting: 0 };
  connection.on("message", (value) => show({ kind: "message", name, value }));
  connection.on("error", (error) => showError(name, error, {}));
  connection.on("disconnect", (error) => {
    // A request that was under way fails with the same error, and shows it with its time.
    if (port.waiting === 0) showError(name, error, {});
    if (open === port) setPort(null);
  });
  setPort(port);
  return port;
}

function closePort() {
  const port = open;
  setPort(null);
  port?.connection.close();
}

function setPort(port) {
  open = port;
  close.disabled = port === null;
}

/** Asks the browser whether it would start the host. No plugin gets a message. */
async function ask(name) {
  const { installed, code, sentence } = await isInstalled(name);
  if (!known.has(name)) return;
  learn(
    name,
    installed && code === null
      ? { look: "good", text: "is there, and this extension may use it" }
      : { look: "bad", text: sentence, hint: hintFor(name, { code }) },
  );
}

/** Notes what was found out about a host, and remembers its name. */
function learn(name, found) {
  known.set(name, { look: "", text: "asking…", ...found });
  remember();
  showHosts();
}

function showHosts() {
  const focused = hosts.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  hosts.replaceChildren(
    ...[...known].map(([name, { look, text, hint }]) => {
      const use = button(name, `use ${name}`, () => {
        host.value = name;
        showCommands();
        message.focus();
      });
      const forget = button("Forget", `forget ${name}`, () => {
        known.delete(name);
        remember();
        showHosts();
        host.focus();
      });
      const item = element("li", look, element("div", "row", use, forget), element("p", "state", text));
      if (hint) item.append(element("pre", "hint", hint));
      return item;
    }),
  );
  // The list is made anew while somebody may be walking through it with the keyboard.
  for (const one of hosts.querySelectorAll("button")) if (one.dataset.key === focused) one.focus();
}

function showCommands() {
  const name = hostName() || "HOST_NAME";
  commands.textContent = `portcullis route add ${identity} PLUGIN --host-name ${name}\n${registering(name)}`;
}

function showError(name, error, { sent, time }) {
  const { code, plugin, request } = error;
  // An entry with a time stands for its own message; any other error can only say which message it answers.
  const answered = request && time === undefined && `message ${request} of its port`;
  const about = [plugin && `plugin ${plugin}`, answered].filter(Boolean).join(", ");
  const hint = hintFor(name, error);
  show({ kind: "error", name, sent, time, code, text: error.message, about, hint });
  learn(name, { look: "bad", text: `${plugin ? `plugin ${plugin}: ` : ""}${code ?? "error"}: ${error.message}`, hint });
}

/** Adds an entry at the head of the log. `time` is in milliseconds, and absent where nothing was waited for. */
function show({ kind, name, sent, value, time, code, text, about, hint }) {
  const head = element("div", "row", element("span", "kind", kind), element("span", "host", name));
  if (code) head.append(element("code", "code", code));
  if (about) head.append(element("span", "quiet", about));
  if (time !== undefined) head.append(element("span", "time", milliseconds(time)));
  const entry = element("li", kind, head);
  if (sent) entry.append(element("p", "quiet", `sent ${cut(sent, 200)}`));
  if (text) entry.append(element("p", "text", text));
  if (hint) entry.append(element("pre", "hint", hint));
  if (kind !== "error") {
    // An SDK answers a numbered request that it has nothing to say to with no value at all.
    const body = value === undefined ? "(nothing)" : cut(JSON.stringify(value, null, 2), LONGEST_SHOWN);
    entry.append(element("pre", "body", body));
  }
  log.prepend(entry);
  while (log.children.length > MOST_ENTRIES) log.lastElementChild.remove();
}

/** What is in the editor, as `{ value }`, or `null` where it cannot be sent; the page says why. */
function validated() {
  let found = null;
  let wrong = "";
  try {
    found = { value: JSON.parse(message.value) };
    const isObject = found.value !== null && typeof found.value === "object";
    if (isChromium && mode() === "once" && !isObject) {
      wrong = "in one shot, Chromium sends objects only: use a port for any other value";
    }
  } catch (error) {
    wrong = `this is not JSON: ${error.message}`;
  }
  // The same words again would be read aloud at each key.
  if (problem.textContent !== wrong) problem.textContent = wrong;
  message.setAttribute("aria-invalid", String(wrong !== ""));
  return wrong ? null : found;
}

/** The command that mends it. The client does not know who it runs in; this page does. */
function hintFor(name, { code, hint }) {
  return code === "not-installed" || code === "not-allowed" ? registering(name) : hint;
}

function registering(name) {
  // Without the last word it would take the host away from every other extension.
  return `portcullis register ${name} --allow ${identity} --keep`;
}

function remembered() {
  try {
    const names = JSON.parse(localStorage.getItem(REMEMBERED));
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
  } catch {
    // A profile may forbid storage; the page then starts empty each time.
    return [];
  }
}

function remember() {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify([...known.keys()]));
  } catch {
    // As above.
  }
}

function hostName() {
  return host.value.trim();
}

function mode() {
  return document.querySelector("[name=mode]:checked").value;
}

function milliseconds(time) {
  return `${time.toFixed(1)} ms`;
}

function cut(text, longest) {
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
}

function button(text, key, press) {
  const made = element("button", "", text);
  made.type = "button";
  made.dataset.key = key;
  made.setAttribute("aria-label", key);
  made.addEventListener("click", press);
  return made;
}

/** Text is only ever added as text: replies are not to be trusted. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}
