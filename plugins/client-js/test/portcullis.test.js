// Every test speaks to the client as an extension does, and to the fake as a host does.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { PortcullisError, connect, isInstalled, sendOnce } from "../portcullis.js";
import { FakeRuntime } from "./fake.js";

const HOST = "com.example.notes";
const MISSING = "Specified native messaging host not found.";
const EXITED = "Native host has exited.";

let fake;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  // The longest wait that there can be, so that times can be told.
  mock.method(Math, "random", () => 1);
  fake = new FakeRuntime().install("chrome");
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** The frame of an error that the host makes. */
const error = (code, request, more = {}) => ({ $portcullis: { error: { code, request, message: code, ...more } } });

/** Lets promises go on that have what they wait for. */
const breathe = async () => {
  for (let turn = 0; turn < 10; turn += 1) await null;
};

const failsWith = (code) => (failure) => failure instanceof PortcullisError && failure.code === code;

test("a number goes out with each request and finds it again, in any order", async () => {
  const connection = connect(HOST);
  const first = connection.request({ type: "note", id: 9 });
  const second = connection.request("ping");
  const third = connection.request([1]);
  const own = connection.request({ $id: "mine" });
  const date = connection.request(new Date(0));
  assert.deepEqual(fake.port.sent, [
    { $id: 1, type: "note", id: 9 },
    { $id: 2, $value: "ping" },
    { $id: 3, $value: [1] },
    { $id: 4, $value: { $id: "mine" } },
    { $id: 5, $value: "1970-01-01T00:00:00.000Z" },
  ]);
  fake.port.say({ $id: 3, $reply: [2] });
  fake.port.say({ $id: 2, $reply: "pong" });
  fake.port.say({ $id: 5 });
  fake.port.say({ $id: 4, $reply: null });
  fake.port.say({ $id: 1, $reply: { saved: true } });
  assert.deepEqual(await Promise.all([first, second, third, own, date]), [
    { saved: true }, "pong", [2], null, undefined,
  ]);
});

test("messages that answer nothing go to those who listen, until they stop", async () => {
  const connection = connect(HOST);
  const heard = [];
  const stop = connection.on("message", (message) => heard.push(message));
  mock.method(console, "error", () => {});
  connection.on("message", () => {
    throw new Error("a listener's own mistake");
  });
  connection.on("message", (message) => heard.push(message));
  fake.port.say({ tick: 1 });
  fake.port.say(null);
  // Nobody knows this number any more; it is a reply all the same.
  fake.port.say({ $id: 99, $reply: 1 });
  stop();
  fake.port.say("last");
  assert.deepEqual(heard, [{ tick: 1 }, { tick: 1 }, null, null, "last"]);
  assert.equal(console.error.mock.callCount(), 3);
});

test("an error of the host finds its message by the ordinal that it names", async () => {
  const connection = connect(HOST);
  const errors = [];
  connection.on("error", (failure) => errors.push(failure.code));
  const first = connection.request(1);
  connection.send({ event: "unanswered" });
  const second = connection.request(2);
  fake.port.say(error("plugin-timeout", 3, { hint: "raise `wall-per-call`", plugin: "notes" }));
  fake.port.say(error("no-route", 2));
  fake.port.say(error("policy-invalid"));
  fake.port.say({ $id: 1, $reply: "one" });
  assert.equal(await first, "one");
  await assert.rejects(second, (failure) => {
    assert.equal(failure.code, "plugin-timeout");
    assert.equal(failure.hint, "raise `wall-per-call`");
    assert.equal(failure.plugin, "notes");
    assert.equal(failure.request, 3);
    return failure instanceof PortcullisError;
  });
  assert.deepEqual(errors, ["no-route", "policy-invalid"]);
  assert.deepEqual(fake.port.sent[1], { event: "unanswered" });
});

test("an error of the plugin has the plugin's code, at once or late", async () => {
  const connection = connect(HOST);
  const refused = { plugin_code: "no-such-note", plugin_message: "there is no note `milk`", plugin: "notes" };
  const [atOnce, late] = [connection.request(1), connection.request(2)];
  fake.port.say(error("plugin-error", 1, refused));
  fake.port.say({ $id: 2, $error: { code: "gone", message: "it is gone" } });
  await assert.rejects(atOnce, { code: "no-such-note", message: "there is no note `milk`", plugin: "notes" });
  await assert.rejects(late, { code: "gone", message: "it is gone" });
});

test("replies belong to requests in turn where the plugin gives no number back", async () => {
  const connection = connect(HOST, { correlation: "order" });
  const heard = [];
  connection.on("message", (message) => heard.push(message));
  const requests = ["a", "b", "c"].map((message) => connection.request(message));
  assert.deepEqual(fake.port.sent, ["a", "b", "c"]);
  fake.port.say("A");
  fake.port.say(error("plugin-crashed", 2));
  fake.port.say({ $id: 1 });
  fake.port.say("more");
  assert.equal(await requests[0], "A");
  await assert.rejects(requests[1], failsWith("plugin-crashed"));
  assert.deepEqual(await requests[2], { $id: 1 });
  assert.deepEqual(heard, ["more"]);
});

test("in turn, a request that was given up keeps its place, and so does a message without a reply", async () => {
  const connection = connect(HOST, { correlation: "order" });
  const givenUp = connection.request("slow", { timeout: 10 });
  connection.send("no reply wanted");
  const next = connection.request("next");
  mock.timers.tick(10);
  await assert.rejects(givenUp, failsWith("timed-out"));
  fake.port.say("the late one");
  fake.port.say("of the message");
  fake.port.say("the next one");
  assert.equal(await next, "the next one");
});

test("a request ends when its time is over or its signal is raised, and a late reply is dropped", async () => {
  const connection = connect(HOST, { timeout: 100 });
  const heard = [];
  connection.on("message", (message) => heard.push(message));
  const controller = new AbortController();
  const timed = connection.request(1);
  const aborted = connection.request(2, { signal: controller.signal });
  const patient = connection.request(3, { timeout: 0 });
  controller.abort(new Error("changed my mind"));
  await assert.rejects(aborted, /changed my mind/);
  await assert.rejects(connection.request(4, { signal: controller.signal }), /changed my mind/);
  assert.equal(fake.port.sent.length, 3, "what is given up before it is sent is never sent");
  mock.timers.tick(99);
  await breathe();
  mock.timers.tick(1);
  await assert.rejects(timed, failsWith("timed-out"));
  fake.port.say({ $id: 1, $reply: "late" });
  fake.port.say({ $id: 2, $reply: "late" });
  mock.timers.tick(1e9);
  fake.port.say({ $id: 3, $reply: "at last" });
  assert.equal(await patient, "at last");
  assert.deepEqual(heard, []);
});

test("when the port ends, what is under way fails, and the next request opens another one", async () => {
  const connection = connect(HOST);
  const ended = [];
  connection.on("disconnect", (failure) => ended.push(failure.code));
  const lost = connection.request("lost");
  fake.port.end(EXITED);
  await assert.rejects(lost, failsWith("disconnected"));
  assert.deepEqual(ended, ["disconnected"]);
  assert.equal(connection.isOpen, false);
  mock.timers.tick(1e6);
  assert.equal(fake.ports.length, 1, "nobody asked for another one");
  const next = connection.request("next");
  mock.timers.tick(0);
  assert.equal(fake.ports.length, 2);
  assert.deepEqual(fake.port.sent, [{ $id: 2, $value: "next" }]);
  fake.port.say(error("no-route", 1));
  await assert.rejects(next, failsWith("no-route"), "ordinals begin again with each port");
});

test("reconnections never become a storm", async () => {
  const connection = connect(HOST, { reconnect: "always" });
  const at = [];
  connection.on("connect", () => at.push(Date.now()));
  fake.onConnect = (port) => port.end(EXITED);
  await breathe();
  const start = Date.now();
  for (let second = 0; second < 300; second += 1) {
    // Asking all the time changes nothing.
    connection.request("impatient").catch(() => {});
    mock.timers.tick(1000);
    await breathe();
  }
  const waits = at.map((time, place) => time - (at[place - 1] ?? start));
  assert.ok(at.length <= 12, `${at.length} ports in five minutes`);
  assert.ok(waits[0] <= 1000);
  assert.ok(waits.at(-1) >= 60_000);
  fake.onConnect = () => {};
  mock.timers.tick(60_000);
  await breathe();
  const before = at.length;
  mock.timers.tick(30_000);
  fake.port.end(EXITED);
  mock.timers.tick(500);
  assert.equal(at.length, before + 1, "a port that lived long makes the wait short again");
});

test("a host that is not there is said at once, and looked for again later", async () => {
  const connection = connect(HOST);
  const request = connection.request(1);
  fake.port.end(MISSING);
  const isMissing = (failure) => {
    assert.match(failure.message, /"com.example.notes" is not installed on this computer/);
    assert.equal(failure.hint, "portcullis register com.example.notes --allow notes@example.com --keep");
    return failsWith("not-installed")(failure);
  };
  await assert.rejects(request, isMissing);
  await assert.rejects(connection.request(2), isMissing);
  assert.equal(fake.ports.length, 1);
  mock.timers.tick(500);
  const later = connection.request(3);
  mock.timers.tick(0);
  fake.port.say({ $id: 3, $reply: "here now" });
  assert.equal(await later, "here now");
});

test("a connection that must not come back does not", async () => {
  const connection = connect(HOST, { reconnect: "never" });
  fake.port.end(EXITED);
  mock.timers.tick(1e6);
  await assert.rejects(connection.request(1), failsWith("disconnected"));
  assert.equal(fake.ports.length, 1);
});

test("closing ends everything for good", async () => {
  const connection = connect(HOST, { reconnect: "always" });
  const underWay = connection.request(1);
  const { port } = fake;
  connection.close();
  connection.close();
  assert.equal(port.isOver, true);
  await assert.rejects(underWay, failsWith("closed"));
  await assert.rejects(connection.request(2), failsWith("closed"));

  const other = connect(HOST, { reconnect: "always" });
  fake.port.end(EXITED);
  const waiting = other.request(1);
  other.close();
  await assert.rejects(waiting, failsWith("closed"));
  mock.timers.tick(1e6);
  assert.equal(fake.ports.length, 2);
});

test("what cannot be sent fails alone", async () => {
  const connection = connect(HOST);
  const loop = {};
  loop.self = loop;
  await assert.rejects(connection.request(loop), failsWith("not-sent"));
  const good = connection.request("ping");
  fake.port.say(error("no-route", 1));
  await assert.rejects(good, failsWith("no-route"), "the host has not counted what was not sent");
});

for (const name of ["chrome", "browser"]) {
  test(`one message to a host of its own, in the manner of \`${name}\``, async () => {
    fake.install(name);
    fake.answer = { text: "pong" };
    assert.deepEqual(await sendOnce(HOST, { text: "ping" }), { text: "pong" });
    assert.deepEqual(fake.oneShots, [{ host: HOST, message: { text: "ping" } }]);
    fake.answer = error("no-reply", 1);
    await assert.rejects(sendOnce(HOST, 1), failsWith("no-reply"));
    fake.answer = new Error(name === "chrome" ? MISSING : `No such native application ${HOST}`);
    await assert.rejects(sendOnce(HOST, 1), failsWith("not-installed"));
    fake.answer = new Error("Access to the specified native messaging host is forbidden.");
    await assert.rejects(sendOnce(HOST, 1), failsWith("not-allowed"));
    await assert.rejects(sendOnce(HOST, 1, { signal: AbortSignal.abort(new Error("no")) }), /no/);
    assert.equal(fake.oneShots.length, 4);
  });

  test(`whether the host is installed, in the manner of \`${name}\``, async () => {
    fake.install(name);
    const there = isInstalled(HOST);
    mock.timers.tick(1000);
    assert.deepEqual(await there, { installed: true, code: null, sentence: null });
    assert.equal(fake.port.isOver, true, "the host is not left running");
    assert.deepEqual(fake.port.sent, []);

    const missing = isInstalled(HOST);
    fake.port.end(name === "chrome" ? MISSING : `No such native application ${HOST}`);
    const { installed, code, sentence } = await missing;
    assert.deepEqual([installed, code], [false, "not-installed"]);
    assert.match(sentence, /install Portcullis/);

    const broken = isInstalled(HOST);
    fake.port.end(EXITED);
    assert.deepEqual([(await broken).installed, (await broken).code], [true, "disconnected"]);

    delete globalThis[name];
    assert.equal((await isInstalled(HOST)).code, "no-permission");
  });
}

test("a page that may not use native messaging is told what to change", () => {
  delete globalThis.chrome;
  assert.throws(() => connect(HOST), (failure) => {
    assert.match(failure.hint, /"nativeMessaging"/);
    return failsWith("no-permission")(failure);
  });
});

test("a misspelt option is a mistake that shows", () => {
  assert.throws(() => connect(HOST, { correlation: "number" }), TypeError);
  assert.throws(() => connect(HOST).on("mesage", () => {}), TypeError);
});
