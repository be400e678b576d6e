import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../../test/support/hostile-bytes.ts";
import { readAfterHello } from "./second-hello.ts";

function read(digits: string, offeredEarlyData = false): unknown {
  return readAfterHello(Buffer.from(hex(digits)), offeredEarlyData);
}

test("a second hello is found behind a change of cipher, a warning and early data", () => {
  assert.equal(read("14 0303 0001 01 16"), 6);
  assert.equal(read("15 0303 0002 01 00"), 7);
  assert.equal(read("17 0303 4000 00", true), 5 + 16_384);
  assert.equal(read("16 0303 0000"), 5);
  assert.equal(read("16 0303 0200 01 0001fc 7f7f"), "hello");
  assert.equal(read("16 0303 0001 01"), "hello", "a hello in records of one byte");
});

test("what else follows a hello ends the looking", () => {
  const others = [
    "17 0303 0100 00",
    "16 0303 0046 10 000042 41",
    "16 0303 0028 01 7a5599 02",
    "47 45 54",
    "18 0303 0003 01",
  ];
  for (const digits of others) assert.equal(read(digits), "none", digits);
});

test("cut before what tells it waits", () => {
  for (const digits of ["", "14 0303", "16", "16 0303 0200", "16 0303 0200 01", "16 0303 0200 01 0001"]) {
    assert.equal(read(digits), "more", digits);
  }
});
