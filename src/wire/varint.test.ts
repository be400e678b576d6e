import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex } from "../../test/support/hostile-bytes.ts";
import { decodeVarint, encodeVarint } from "./varint.ts";

test("the examples of RFC 9000 §A.1 are read", () => {
  assert.deepEqual(decodeVarint(hex("c2197c5eff14e88c")), { value: 151_288_809_941_952_652n, length: 8 });
  assert.deepEqual(decodeVarint(hex("9d7f3e7d")), { value: 494_878_333, length: 4 });
  assert.deepEqual(decodeVarint(hex("7bbd")), { value: 15_293, length: 2 });
  assert.deepEqual(decodeVarint(hex("25")), { value: 37, length: 1 });
  assert.deepEqual(decodeVarint(hex("4025")), { value: 37, length: 2 });
  assert.deepEqual(decodeVarint(hex("ff 25"), 1), { value: 37, length: 1 });
});

test("lengths change where they should", () => {
  const edges: readonly (readonly [number | bigint, string])[] = [
    [0, "00"],
    [63, "3f"],
    [64, "4040"],
    [16_383, "7fff"],
    [16_384, "80004000"],
    [2 ** 30 - 1, "bfffffff"],
    [2 ** 30, "c000000040000000"],
    [Number.MAX_SAFE_INTEGER, "c01fffffffffffff"],
    [2n ** 53n, "c020000000000000"],
    [2n ** 62n - 1n, "ffffffffffffffff"],
  ];
  for (const [value, bytes] of edges) {
    assert.deepEqual(encodeVarint(value), hex(bytes));
    assert.deepEqual(decodeVarint(hex(bytes)), { value, length: bytes.length / 2 });
  }
});

test("what is written is read again, and nothing is read of a part", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n - 1n }), fc.nat({ max: 61 }), (wide, shift) => {
      const bytes = encodeVarint(wide >> BigInt(shift));
      const decoded = decodeVarint(bytes);
      assert.equal(BigInt(decoded?.value ?? -1), wide >> BigInt(shift));
      assert.equal(typeof decoded?.value === "number", wide >> BigInt(shift) <= Number.MAX_SAFE_INTEGER);
      for (let cut = 0; cut < bytes.length; cut += 1) assert.equal(decodeVarint(bytes.subarray(0, cut)), undefined);
    }),
  );
});

test("what cannot be written is a RangeError", () => {
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53, -1n, 2n ** 62n])
    assert.throws(() => encodeVarint(value), RangeError);
});
