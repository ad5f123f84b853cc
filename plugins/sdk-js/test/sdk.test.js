// The wrappers as the host calls them, in node, with a fake of the host's functions.
//
// The engine of a component runs no jobs of promises, and node does; so every test is synchronous, and what a call
// has not done when it returns, it has not done.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import "./hooks.js";

const { host } = await import("./host.js");
const native = { Promise, console, setTimeout, clearTimeout, setInterval, clearInterval };
const { PluginError, defineHandler } = await import("../handler.js");
const { defineSession, post, sleep } = await import("../session.js");
// What the SDK puts in the place of the engine's own, for plugins; the test runner keeps node's.
const sdk = { Promise, console, setTimeout, clearTimeout, setInterval, clearInterval };
Object.assign(globalThis, native);

const PEER = { origin: "notes@example.com", browser: "mozilla", hostName: null };

beforeEach(() => {
  host.posted.length = host.lines.length = 0;
  host.timers.clear();
  host.refusal = undefined;
});

/** Runs with the SDK's globals, as a plugin does. */
function asPlugin(run) {
  Object.assign(globalThis, sdk);
  try {
    return run();
  } finally {
    Object.assign(globalThis, native);
  }
}

/** What a call throws, which must be a plain object of the contract and no Error. */
function refusal(run) {
  try {
    asPlugin(run);
  } catch (thrown) {
    assert.equal(Object.getPrototypeOf(thrown), Object.prototype);
    return thrown;
  }
  return assert.fail("nothing was thrown");
}

const handle = (answer, text) => asPlugin(() => defineHandler(answer).handle(PEER, text));

/** The timers in the order in which they are due; each is run once. */
function timersPass(session) {
  for (const [token] of [...host.timers].sort(([, one], [, other]) => one - other)) {
    host.timers.delete(token);
    asPlugin(() => session.timer(token));
  }
}

test("a handler's replies have the form of their messages", () => {
  const echo = (message) => message;
  const cases = [
    ['"ping"', '"ping"'],
    ['{"a":1}', '{"a":1}'],
    ['{"$id":7,"a":1}', '{"$id":7,"$reply":{"a":1}}'],
    ['{"$id":7,"$value":[1]}', '{"$id":7,"$reply":[1]}'],
    ['{"$id":7,"$value":null}', '{"$id":7,"$reply":null}'],
    ['{"$id":"x"}', '{"$id":"x"}'],
    ["null", "null"],
  ];
  for (const [text, reply] of cases) assert.equal(handle(echo, text), reply);
  assert.equal(handle(() => undefined, "1"), "null");
  assert.equal(handle((_, peer) => peer.origin, "1"), '"notes@example.com"');
});

test("whatever a handler throws is an error of the contract", () => {
  const thrown = (answer, text = "1") => refusal(() => defineHandler(answer).handle(PEER, text));
  const cases = [
    [() => { throw new PluginError("full", "no room"); }, { code: "full", message: "no room" }],
    [() => { throw new TypeError("mistake"); }, { code: "failed", message: "mistake" }],
    [() => { throw "a text"; }, { code: "failed", message: "a text" }],
    [() => { throw undefined; }, { code: "failed", message: "undefined" }],
    [() => 1n, { code: "failed", message: "Do not know how to serialize a BigInt" }],
    [() => sdk.Promise.reject(new PluginError("late", "but in time")), { code: "late", message: "but in time" }],
  ];
  for (const [answer, expected] of cases) assert.deepEqual(thrown(answer), expected);
  assert.equal(thrown(() => 1, "{").code, "invalid-message");
  assert.equal(thrown(() => new sdk.Promise(() => {})).code, "no-answer");
});

test("promises settle within the call", () => {
  const { Promise } = sdk;
  const order = [];
  const chained = () => {
    const first = Promise.resolve(1).then((value) => (order.push("a"), value + 1));
    order.push("b");
    return first.finally(() => order.push("c")).then((value) => Promise.resolve(value * 10));
  };
  assert.equal(handle(chained, "1"), "20");
  assert.deepEqual(order, ["b", "a", "c"]);

  const failing = () => Promise.reject(new Error("x"));
  const cases = [
    [() => Promise.all([1, Promise.resolve(2)]), [1, 2]],
    [() => Promise.all([]), []],
    [() => Promise.any([failing(), Promise.resolve(3)]), 3],
    [() => Promise.any([]).catch((error) => error.constructor.name), "AggregateError"],
    [() => Promise.any([failing()]).catch((error) => error.errors.length), 1],
    [() => Promise.race([new Promise(() => {}), Promise.resolve(4)]), 4],
    [() => Promise.allSettled([failing(), 5]).then((all) => all.map(({ status }) => status)), ["rejected", "fulfilled"]],
    [() => failing().catch(({ message }) => message), "x"],
    [() => new Promise(() => { throw new Error("y"); }).then(null, ({ message }) => message), "y"],
    [() => new Promise((resolve, reject) => { resolve(6); reject(7); resolve(8); }), 6],
    [() => Promise.resolve({ then: (resolve) => resolve(9) }), 9],
    [() => { const parts = Promise.withResolvers(); parts.resolve(10); return parts.promise; }, 10],
    [() => { const me = Promise.resolve().then(() => me); return me.catch((error) => error.name); }, "TypeError"],
  ];
  for (const [run, expected] of cases) assert.deepEqual(JSON.parse(handle(run, "1")), expected, run.toString());
});

test("an error that nobody handles is in the log", () => {
  const careless = () => (sdk.Promise.reject(new Error("lost")), 1);
  assert.equal(handle(careless, "1"), "1");
  assert.match(host.lines.join("\n"), /^error nobody handles this error of a promise: Error: lost/);
});

test("a native async function is refused while the plugin is built", () => {
  assert.throws(() => defineHandler(async () => 1), /"target": "ES2016"/);
  assert.throws(() => defineSession({ async message() {} }), /`message` is an async function/);
});

test("a session answers at once, later, or not at all", () => {
  const session = defineSession({
    message(message) {
      if (message === "late") return sleep(50).then(() => "done");
      if (message === "late error") return sleep(50).then(() => { throw new PluginError("gone", "it is gone"); });
      return message === "nothing" ? undefined : message;
    },
  });
  const send = (text) => asPlugin(() => session.message(text));
  asPlugin(() => session.connect(PEER));
  assert.equal(send('"now"'), '"now"');
  assert.equal(send('"nothing"'), null);
  assert.equal(send('{"$id":1,"$value":"now"}'), '{"$id":1,"$reply":"now"}');
  assert.equal(send('{"$id":2,"$value":"nothing"}'), '{"$id":2}');
  for (const text of ['"late"', '{"$id":3,"$value":"late"}', '{"$id":4,"$value":"late error"}']) {
    assert.equal(send(text), null);
  }
  assert.deepEqual([...host.timers.values()], [50, 50, 50]);
  timersPass(session);
  assert.deepEqual(host.posted, [
    "done",
    { $id: 3, $reply: "done" },
    { $id: 4, $error: { code: "gone", message: "it is gone" } },
  ]);
  asPlugin(() => session.disconnect());
});

test("timers run, repeat and are cancelled", () => {
  const ran = [];
  let repeated;
  const session = defineSession({
    connect() {
      setTimeout((value) => ran.push(value), 10, "once");
      clearTimeout(setTimeout(() => ran.push("never"), 10));
      repeated = setInterval(() => ran.push("again"), 20);
    },
    message: () => clearInterval(repeated),
  });
  asPlugin(() => session.connect(PEER));
  timersPass(session);
  timersPass(session);
  asPlugin(() => session.message("1"));
  timersPass(session);
  assert.deepEqual(ran, ["once", "again", "again"]);
  asPlugin(() => session.timer(12345));
});

test("a refusal of the host keeps its code", () => {
  const session = defineSession({ message: (message) => post(message) });
  asPlugin(() => session.message("1"));
  assert.deepEqual(host.posted, [1]);
  host.refusal = { code: "closed", message: "the browser has closed its end" };
  assert.deepEqual(refusal(() => session.message("1")), host.refusal);
});

test("a session that fails at its end says so in the log", () => {
  const session = defineSession({ message() {}, disconnect: () => { throw new Error("too late"); } });
  asPlugin(() => session.disconnect());
  assert.match(host.lines.join("\n"), /^error .*too late/);
});

test("the console is the log, and random numbers differ", () => {
  asPlugin(() => {
    console.log("a", 1, { b: [2] });
    console.warn(undefined);
  });
  assert.deepEqual(host.lines, ['info a 1 {"b":[2]}', "warn undefined"]);
  const drawn = new Set(Array.from({ length: 1000 }, Math.random));
  assert.equal(drawn.size, 1000);
  for (const number of drawn) assert.ok(number >= 0 && number < 1);
});
