import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CHROMIUM_HELLO, CURL_HELLO, NODE_HELLO, OPENSSL_HELLO } from "../../test/support/client-hellos.ts";
import { hostileBytes } from "../../test/support/hostile-bytes.ts";
import { readClientHello } from "./client-hello.ts";

const HELLOS = [
  [NODE_HELLO, "node.example"],
  [CURL_HELLO, "curl.example"],
  [CHROMIUM_HELLO, "chromium.example"],
  [OPENSSL_HELLO, undefined],
] as const;

/** The name in a whole hello, which may be undefined, or what was found in its place. */
function read(bytes: Uint8Array): unknown {
  const answer = readClientHello(bytes);
  return answer.found === "hello" ? { name: answer.name } : answer.found;
}

function said(name: string | undefined): unknown {
  return { name };
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

function sized(bytes: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint(body.length, bytes), body]);
}

/** The message `body` in records of at most `most` bytes. */
function records(message: Buffer, most = 16_384): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += most) {
    parts.push(Buffer.from([0x16, 3, 1]), sized(2, message.subarray(at, at + most)));
  }
  return Buffer.concat(parts);
}

function extension(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([uint(type, 2), sized(2, body)]);
}

function names(...list: readonly string[]): Buffer {
  return sized(2, ...list.map((name) => Buffer.concat([Buffer.from([0]), sized(2, Buffer.from(name, "latin1"))])));
}

/** A hello with these extensions; `after` follows them. */
function hello(extensions: readonly Buffer[], after: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    sized(1, Buffer.alloc(32, 9)),
    sized(2, Buffer.from([0x13, 1, 0x13, 2])),
    sized(1, Buffer.from([0])),
    sized(2, ...extensions),
    after,
  ]);
  return Buffer.concat([Buffer.from([1]), sized(3, body)]);
}

test("the hellos of Node, curl and Chromium name their server, and OpenSSL's none", () => {
  for (const [bytes, name] of HELLOS) assert.deepEqual(read(bytes), said(name));
});

test("cut at any byte it asks for more, never for more than there is, and then reads the same", () => {
  for (const [bytes, name] of HELLOS) {
    for (let length = 0; length < bytes.length; length += 1) {
      const answer = readClientHello(bytes.subarray(0, length));
      assert.ok(answer.found === "more", `${name} at ${length}: ${answer.found}`);
      assert.ok(answer.least > length && answer.least <= bytes.length, `${name} at ${length}: ${answer.least}`);
    }
    const followed = readClientHello(Buffer.concat([bytes, Buffer.from("early bytes")]));
    assert.ok(followed.found === "hello");
    assert.deepEqual([followed.name, followed.bytes, followed.mayBeRetried], [name, bytes.length, true]);
  }
});

test("the hello may go over records of any length, also of none", () => {
  for (const [bytes, name] of HELLOS) {
    const message = bytes.subarray(5);
    for (const most of [1, 2, 3, 4, 5, 63, 300, message.length - 1, message.length]) {
      const split = records(message, most);
      assert.deepEqual(read(split), said(name), `${name} by ${most}`);
      assert.equal(readClientHello(split.subarray(0, -1)).found, "more");
    }
    const empty = Buffer.from([0x16, 3, 3, 0, 0]);
    assert.deepEqual(readClientHello(Buffer.concat([empty, records(message.subarray(0, 9)), empty])).found, "more");
    assert.deepEqual(read(Buffer.concat([empty, bytes])), said(name));
  }
});

test("a hello that comes byte by byte is read again a few times and not at each byte", () => {
  const slow = records(hello([extension(21, Buffer.alloc(9_000)), extension(0, names("a.example"))]), 1);
  let [least, looks] = [0, 0];
  for (let length = 1; length <= slow.length; length += 1) {
    if (length < least) continue;
    looks += 1;
    const answer = readClientHello(slow.subarray(0, length));
    if (answer.found === "more") least = answer.least;
    else assert.deepEqual([answer.found === "hello" && answer.name, length], ["a.example", slow.length]);
  }
  assert.ok(looks < 100, `${looks} looks`);
});

test("names are told as they stand; what servers could read in several ways is unclear", () => {
  const one = extension(0, names("WWW.Example."));
  const readHello = (...extensions: readonly Buffer[]): unknown => read(records(hello(extensions)));
  assert.deepEqual(readHello(one), said("WWW.Example."));
  assert.deepEqual(
    readHello(extension(0x0a0a, Buffer.alloc(0)), one, extension(0x1a1a, Buffer.from([0]))),
    said("WWW.Example."),
  );
  assert.deepEqual(readHello(), said(undefined));
  const another = Buffer.concat([Buffer.from([1]), sized(2, Buffer.from("a.example"))]);
  const ours = Buffer.concat([Buffer.from([0]), sized(2, Buffer.from("a.example"))]);
  const unclear = {
    "the extension twice": [one, one],
    "two names": [extension(0, names("a.example", "b.example"))],
    "an empty list": [extension(0, names())],
    "an empty extension": [extension(0, Buffer.alloc(0))],
    "an empty name": [extension(0, names(""))],
    "another kind of name": [extension(0, sized(2, another))],
    "another kind of name before": [extension(0, sized(2, another, ours))],
    "another kind of name behind": [extension(0, sized(2, ours, another))],
    "a list that is longer than it says": [extension(0, Buffer.concat([names("a.example"), Buffer.from([0])]))],
    "a name that is longer than its list": [extension(0, sized(2, Buffer.from([0, 0, 9]), Buffer.from("a")))],
    "a zero byte": [extension(0, names("a.example\0b.example"))],
    "a letter beyond ASCII": [extension(0, names("\xe4.example"))],
    "a space": [extension(0, names("a example"))],
    "a name too long": [extension(0, names("a".repeat(256)))],
    "an extension cut short": [one, Buffer.from([0, 21, 0, 9, 1])],
  };
  for (const [what, extensions] of Object.entries(unclear)) assert.equal(readHello(...extensions), "unclear", what);
  assert.equal(read(records(hello([one], Buffer.from([1])))), "unclear", "bytes behind extensions");
  assert.equal(read(records(Buffer.concat([hello([one]), hello([one])]))), "unclear", "two hellos in a record");
  const longer = records(Buffer.concat([hello([one]), Buffer.from([20])])).subarray(0, -1);
  assert.equal(read(longer), "unclear", "the begin of a message behind the hello");
});

test("early data and a second hello are announced by extensions", () => {
  const plain = readClientHello(records(hello([])));
  assert.ok(plain.found === "hello" && !plain.mayBeRetried && !plain.offersEarlyData);
  const early = readClientHello(
    records(hello([extension(42, Buffer.alloc(0)), extension(43, Buffer.from([2, 3, 4]))])),
  );
  assert.ok(early.found === "hello" && early.mayBeRetried && early.offersEarlyData);
});

test("what no server takes for a hello waits for nothing", () => {
  const others = [
    "GET / HTTP/1.1\r\n",
    "SSH-2.0-x",
    "\x13BitTorrent protocol",
    "\x16GET",
    "\x15\x1b[A",
    "\x17\x03\x03",
  ];
  // The first words of a game, and lengths of four bytes.
  others.push("\x16\0\xf6\x05\x0fmc.server.example", "\x16\0\0\0\0\0\0\0", "\x15\0\0\0\x01\0", "\x14\0\0\0\x02\0");
  for (const start of others) assert.equal(read(Buffer.from(start, "latin1")), "none", JSON.stringify(start));
});

test("what some server takes for a hello, or reads past before one, is unclear", () => {
  const [name] = HELLOS;
  const bytes = name[0];
  const other = records(Buffer.concat([Buffer.from([2]), sized(3, Buffer.alloc(99))]));
  assert.equal(read(other.subarray(0, 6)), "unclear", "a ServerHello");
  assert.equal(read(Buffer.from([0x16, 3, 1, 0x40, 1, 1])), "unclear", "a record too long");
  const mixed = Buffer.concat([records(NODE_HELLO.subarray(5, 100)), Buffer.from([0x17, 3, 3, 0, 1, 0])]);
  assert.equal(read(mixed), "unclear", "another kind of record in between");
  assert.equal(read(records(Buffer.from([1, 0, 0, 0]))), "unclear", "an empty hello");
  for (const start of ["15030100020100", "140303000101"]) {
    const both = Buffer.concat([Buffer.from(start, "hex"), bytes]);
    assert.equal(read(both), "unclear", start);
    assert.equal(read(both.subarray(0, 5)), "more");
  }
  for (const major of [0, 2, 15]) {
    const odd = Buffer.from(bytes);
    odd[1] = major;
    assert.equal(read(odd), "unclear", `major version ${major}`);
    assert.equal(read(Buffer.concat([Buffer.from([0x16, major, 0, 0, 0]), odd])), "unclear", "behind an empty record");
  }
});

test("a hello that says it is longer than any is known at once", () => {
  const answer = readClientHello(records(Buffer.from([1, 1, 0, 0])));
  assert.ok(answer.found === "more" && answer.least > 65_536);
});

test("changed bytes give one of the three answers, and what is cut never gives another name", () => {
  const samples = HELLOS.map(([bytes]) => bytes);
  fc.assert(
    fc.property(hostileBytes(samples), (bytes) => {
      const whole = readClientHello(bytes);
      assert.ok(["more", "none", "unclear", "hello"].includes(whole.found));
      for (const length of [3, 7, bytes.length >> 1, bytes.length - 1]) {
        const part = readClientHello(bytes.subarray(0, Math.max(0, length)));
        if (part.found !== "more") assert.deepEqual(part, whole);
      }
    }),
    { numRuns: 2_000 },
  );
});
