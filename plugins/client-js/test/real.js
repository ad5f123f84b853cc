// The client with a real host and the ping-pong of an SDK: `node real.js PROGRAM ORIGIN`, with the home in the
// environment.
//
// `chrome.runtime` is a few lines over pipes here. What a browser does beside that (its manifests, its checks, the
// life of its service workers) is tested in a browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { endianness } from "node:os";

import { PortcullisError, connect, isInstalled, sendOnce } from "../portcullis.js";

const [program, origin] = process.argv.slice(2);
const isLittle = endianness() === "LE";

function connectNative() {
  const host = spawn(program, [origin], { stdio: ["pipe", "pipe", "inherit"] });
  const [messages, ends] = [[], []];
  let bytes = Buffer.alloc(0);
  host.stdout.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 4) {
      const end = 4 + (isLittle ? bytes.readUInt32LE() : bytes.readUInt32BE());
      if (bytes.length < end) break;
      const message = JSON.parse(bytes.toString("utf8", 4, end));
      bytes = bytes.subarray(end);
      for (const listener of messages) listener(message);
    }
  });
  host.stdin.on("error", () => {});
  const port = {
    onMessage: { addListener: (listener) => messages.push(listener) },
    onDisconnect: { addListener: (listener) => ends.push(listener) },
    postMessage(message) {
      const text = Buffer.from(JSON.stringify(message));
      const length = Buffer.alloc(4);
      isLittle ? length.writeUInt32LE(text.length) : length.writeUInt32BE(text.length);
      host.stdin.write(Buffer.concat([length, text]));
    },
    disconnect: () => host.stdin.end(),
    host,
  };
  host.on("exit", () => {
    globalThis.chrome.runtime.lastError = { message: "Native host has exited." };
    for (const listener of ends) listener(port);
    globalThis.chrome.runtime.lastError = undefined;
  });
  ports.push(port);
  return port;
}

const ports = [];
globalThis.chrome = {
  runtime: {
    connectNative,
    sendNativeMessage(name, message, callback) {
      const port = connectNative();
      port.onMessage.addListener((reply) => (port.disconnect(), callback(reply)));
      port.postMessage(message);
    },
  },
};

assert.deepEqual(await isInstalled("com.example.test"), { installed: true, code: null, sentence: null });
assert.equal(await sendOnce("com.example.test", "ping"), "pong");

const connection = connect("com.example.test");
const ticks = [];
connection.on("message", ({ tick }) => ticks.push(tick));
const slow = connection.request({ every: 30, times: 3 });
const many = Array.from({ length: 50 }, () => connection.request("ping"));
assert.deepEqual(new Set(await Promise.all(many)), new Set(["pong"]));
await assert.rejects(connection.request("pong"), (error) => error instanceof PortcullisError && error.request === 52);
assert.equal(await slow, undefined);
assert.deepEqual(ticks, [1, 2, 3]);

// The host is gone, as after a crash or an upgrade; the next request meets another one.
const gone = new Promise((resolve) => connection.on("disconnect", resolve));
ports.at(-1).host.kill();
assert.equal((await gone).code, "disconnected");
assert.equal(await connection.request("ping"), "pong");
connection.close();
