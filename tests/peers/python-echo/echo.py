"""A host as the browsers' own pages show one in Python, mended so that it echoes: it parses each message and writes the
value again. One that is too long to come back is answered with its length."""

import json
import struct
import sys

LONGEST_REPLY = 1024 * 1024

while len(header := sys.stdin.buffer.read(4)) == 4:
    (length,) = struct.unpack("@I", header)
    message = json.loads(sys.stdin.buffer.read(length).decode("utf-8"))
    value = message if length <= LONGEST_REPLY else length
    reply = json.dumps(value, separators=(",", ":")).encode("utf-8")
    sys.stdout.buffer.write(struct.pack("@I", len(reply)))
    sys.stdout.buffer.write(reply)
    sys.stdout.buffer.flush()
