#!/usr/bin/env node
// A host as the browsers' own pages show one in Node.js, mended so that it echoes, keeps what arrives in pieces, and
// ends with its input: it parses each message and writes the value again. One that is too long to come back is answered
// with its length.

import { endianness } from "node:os";

const LONGEST_REPLY = 1024 * 1024;
const little = endianness() === "LE";

let pieces = [];
let held = 0;
let wanted = 4;
let length = null;

function take(count) {
  const all = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, held);
  pieces = all.length > count ? [all.subarray(count)] : [];
  held -= count;
  return all.subarray(0, count);
}

function answer(body) {
  const message = JSON.parse(body.toString("utf8"));
  const reply = Buffer.from(JSON.stringify(body.length > LONGEST_REPLY ? body.length : message));
  const header = Buffer.alloc(4);
  if (little) header.writeUInt32LE(reply.length);
  else header.writeUInt32BE(reply.length);
  process.stdout.write(Buffer.concat([header, reply]));
}

process.stdin.on("data", (piece) => {
  pieces.push(piece);
  held += piece.length;
  while (held >= wanted) {
    const part = take(wanted);
    if (length === null) {
      length = little ? part.readUInt32LE() : part.readUInt32BE();
      wanted = length;
    } else {
      answer(part);
      length = null;
      wanted = 4;
    }
  }
});
