import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ORDINARY_DATAGRAMS } from "../../test/support/datagrams.ts";
import { hex, hostileBytes } from "../../test/support/hostile-bytes.ts";
import { answersUtpSyn, readUtpSyn } from "./utp.ts";

// type and version | extension | connection id | timestamp | difference | window | seq | ack
const SYN = Buffer.from(hex("41 00 3039 0a1b2c3d 00000000 00100000 0001 0000"));
const ANSWER = Buffer.from(hex("21 00 3039 0a1b2d00 000000c3 00100000 7777 0001"));
const EXTENDED = Buffer.from(hex("41 02 3039 0a1b2c3d 00000000 00100000 abcd 0000 00 08 0000000000000000"));
const CHAINED = Buffer.from(hex("41 01 3039 0a1b2c3d 00000000 00100000 abcd 0000 02 04 00000000 00 01 ff"));

test("a SYN gives the numbers that its answer repeats, with extensions and without", () => {
  assert.deepEqual(readUtpSyn(SYN), { connectionId: 0x3039, sequence: 1 });
  for (const bytes of [EXTENDED, CHAINED]) {
    assert.deepEqual(readUtpSyn(bytes), { connectionId: 0x3039, sequence: 0xabcd });
    assert.equal(readUtpSyn(bytes.subarray(0, -1)), undefined, "cut short");
  }
  for (const bytes of [ANSWER, SYN.subarray(0, 19), Buffer.concat([SYN, Buffer.from([0])]), Buffer.alloc(0)]) {
    assert.equal(readUtpSyn(bytes), undefined);
  }
});

test("only an answer with both numbers is one", () => {
  const syn = { connectionId: 0x3039, sequence: 1 };
  assert.ok(answersUtpSyn(ANSWER, syn));
  for (const at of [0, 1, 2, 3, 18, 19]) {
    const other = Buffer.from(ANSWER);
    other[at] = (other[at] ?? 0) ^ 1;
    assert.ok(!answersUtpSyn(other, syn), `changed at ${at}`);
  }
  assert.ok(!answersUtpSyn(SYN, syn));
});

test("datagrams of other protocols answer nobody's SYN, whatever it was taken for", () => {
  const all = Object.entries(ORDINARY_DATAGRAMS);
  for (const [what, first] of all) {
    const syn = readUtpSyn(first) ?? { connectionId: first.length, sequence: 1 };
    for (const [other, answer] of all) assert.ok(!answersUtpSyn(answer, syn), `${what}, ${other}`);
  }
});

test("changed bytes give a plain answer", () => {
  fc.assert(
    fc.property(hostileBytes([SYN, ANSWER, EXTENDED, CHAINED], 80), (bytes) => {
      const seen = Buffer.from(bytes);
      readUtpSyn(seen);
      assert.equal(typeof answersUtpSyn(seen, { connectionId: 1, sequence: 1 }), "boolean");
    }),
  );
});
