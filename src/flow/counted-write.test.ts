import assert from "node:assert/strict";
import { test } from "node:test";
import { CountedWrite } from "./counted-write.ts";
import { ByteCount } from "./meter.ts";

test("bytes count when their write has left, and not when it failed; either way the memory is given back once", () => {
  const count = new ByteCount();
  const released: string[] = [];
  const first = CountedWrite.begin(count, 10, () => void released.push("first"));
  const second = CountedWrite.begin(count, 5, () => void released.push("second"));
  assert.equal(count.bytes, 0);
  // Writes of a stream that is destroyed may be done in another order.
  second(new Error("destroyed"));
  assert.deepEqual([count.bytes, released], [0, ["second"]]);
  first(null);
  first();
  assert.deepEqual([count.bytes, released], [10, ["second", "first"]]);
});

test("writes that are done serve again", () => {
  const count = new ByteCount();
  const first = CountedWrite.begin(count, 1, undefined);
  first();
  const second = CountedWrite.begin(count, 2, undefined);
  assert.equal(second, first);
  const third = CountedWrite.begin(count, 3, undefined);
  assert.notEqual(third, second);
  third();
  second();
  assert.equal(count.bytes, 6);
});
