import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BywayError } from "../core/errors.ts";
import {
  type DirectoryRequest,
  decodeDirectoryAnswer,
  decodeDirectoryRequest,
  encodeDirectoryAnswer,
  encodeDirectoryRequest,
} from "./directory-message.ts";

const PEER = "k51qzi5uqu5dljtg5upm7x7ugan9lql3ewyknv4r4mhhkwzn8n7cnbd1unfwgq";
const FULL: DirectoryRequest = {
  self: Uint8Array.of(1, 2, 3),
  query: {
    countries: ["de", "us"],
    roles: ["exit"],
    protocols: ["udp"],
    asns: [64_496],
    networks: ["residential"],
    peers: [PEER],
    regions: ["us ca", "Bavaria"],
    cities: ["São Paulo"],
    isps: ["at&t"],
  },
  limit: 50,
};

function refused(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): boolean {
  try {
    decode(bytes);
    return false;
  } catch (error) {
    assert.ok(error instanceof BywayError && error.code === "ERR_DIRECTORY_MESSAGE", String(error));
    return true;
  }
}

test("the least request is these bytes", () => {
  assert.equal(
    Buffer.from(encodeDirectoryRequest({ query: {}, limit: 50 })).toString("hex"),
    "a2617601656c696d69741832",
  );
  assert.equal(
    Buffer.from(encodeDirectoryAnswer({ envelopes: [Uint8Array.of(7)] })).toString("hex"),
    "a2617601" + "69656e76656c6f706573" + "814107",
  );
});

test("requests and answers are read as they were written", () => {
  assert.deepEqual(decodeDirectoryRequest(encodeDirectoryRequest(FULL)), FULL);
  const answer = { envelopes: Array.from({ length: 50 }, (_, index) => new Uint8Array(1_280).fill(index)) };
  assert.deepEqual(decodeDirectoryAnswer(encodeDirectoryAnswer(answer)), answer);
});

test("what a list or a limit may not hold is refused when it is written", () => {
  for (const [request, field] of [
    [{ query: {}, limit: 51 }, /limit/],
    [{ query: { countries: ["DE"] }, limit: 1 }, /countries/],
    [{ query: { peers: Array.from({ length: 51 }, () => PEER) }, limit: 1 }, /peers/],
    [{ query: { asns: [0] }, limit: 1 }, /asns/],
    [{ query: { regions: [""] }, limit: 1 }, /regions/],
    [{ query: { cities: ["ü".repeat(33)] }, limit: 1 }, /cities/],
    [{ query: { cities: ["a\u001b[2J"] }, limit: 1 }, /cities/],
    [{ query: { isps: Array.from({ length: 17 }, () => "a") }, limit: 1 }, /isps/],
    [{ self: new Uint8Array(1_281), query: {}, limit: 1 }, /self/],
  ] as const) {
    assert.throws(() => encodeDirectoryRequest(request), field);
  }
  assert.throws(() => encodeDirectoryAnswer({ envelopes: Array.from({ length: 51 }, () => new Uint8Array()) }));
});

test("altered bytes give typed errors only", () => {
  const messages = [encodeDirectoryRequest(FULL), encodeDirectoryAnswer({ envelopes: [Uint8Array.of(1, 2)] })];
  fc.assert(
    fc.property(
      fc.constantFrom(...messages),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(8),
      (message, changes, cut) => {
        const bytes = Uint8Array.from(message);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        refused(bytes.subarray(0, bytes.length - cut), decodeDirectoryRequest);
        refused(bytes.subarray(0, bytes.length - cut), decodeDirectoryAnswer);
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(refused(new Uint8Array(8_193), decodeDirectoryRequest));
  assert.ok(refused(Uint8Array.of(0xa1, 0x61, 0x76, 0x02), decodeDirectoryAnswer));
});
