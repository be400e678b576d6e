import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../../../../test/support/hostile-bytes.ts";
import { HpackEncoder } from "./encoder.ts";

function encode(encoder: HpackEncoder, ...fields: readonly string[]): Uint8Array {
  const target = new Uint8Array(512);
  return target.slice(2, encoder.encode(fields, target, 2));
}

test("empties the peer's table before the first block, once (RFC 7541 §4.2)", () => {
  const encoder = new HpackEncoder();
  assert.deepEqual(encode(encoder, ":status", "200"), hex("20 88"));
  assert.deepEqual(encode(encoder, ":status", "200"), hex("88"));
});

test("writes indexes, and literals that join no table (§6.1, §6.2.2)", () => {
  const encoder = new HpackEncoder();
  encode(encoder);
  const authority = `0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`;
  assert.deepEqual(
    encode(encoder, ":method", "GET", ":path", "/index.html", ":authority", "www.example.com"),
    hex(`82 85 01 ${authority}`),
  );
  assert.deepEqual(encode(encoder, ":method", "CONNECT"), hex("02 07 434f4e4e454354"));
  assert.deepEqual(encode(encoder, ":status", "299"), hex("08 03 323939"));
  assert.deepEqual(encode(encoder, "www-authenticate", ""), hex("0f2e 00"));
  assert.deepEqual(encode(encoder, "x", "\xff"), hex("00 0178 01ff"));
  assert.deepEqual(encode(encoder, "x", "a".repeat(127)), hex(`00 0178 7f00 ${"61".repeat(127)}`));
  assert.deepEqual(encode(encoder, "x", "a".repeat(300)), hex(`00 0178 7fad01 ${"61".repeat(300)}`));
});

test("refuses characters that would end a field, or lose bits", () => {
  for (const character of ["\0", "\r", "\n", "\u010a", "é".normalize("NFD"), "😀"]) {
    const encoder = new HpackEncoder();
    assert.throws(() => encode(encoder, "x", `a${character}`), RangeError);
    assert.throws(() => encode(encoder, `x${character}`, "a"), RangeError);
    assert.deepEqual(encode(encoder, ":status", "200"), hex("20 88"), "the next block is whole");
  }
});

test("never writes beyond its target", () => {
  const index = [":status", "200"];
  const literal = [":authority", "a.example:443"];
  for (const fields of [
    [...literal, "x", "y".repeat(200), ...index],
    [...index, "x", "y".repeat(200)],
    [...index, ...literal],
  ]) {
    const whole = new HpackEncoder().encode(fields, new Uint8Array(512), 0);
    for (let room = 0; room < whole; room += 1) {
      assert.throws(() => new HpackEncoder().encode(fields, new Uint8Array(room), 0), RangeError, `${room} bytes`);
    }
    assert.equal(new HpackEncoder().encode(fields, new Uint8Array(whole), 0), whole);
  }
});
