import assert from "node:assert/strict";
import { test } from "node:test";
import { JoinedBytes } from "./joined-bytes.ts";
import { FLOW_LIMITS } from "./limits.ts";

test("chunks come out as one block, in order and copied", () => {
  const joined = new JoinedBytes();
  const chunk = Buffer.from("a");
  assert.ok(joined.add(chunk) && joined.add(Buffer.from("bc")));
  chunk.write("x");
  assert.equal(joined.length, 3);
  assert.equal(joined.take().toString(), "abc");
  assert.deepEqual([joined.length, joined.take().length], [0, 0]);
});

test("a block takes no more than its bound, and stays as it was when asked to", () => {
  const joined = new JoinedBytes();
  const most = FLOW_LIMITS.blockBytes.value;
  for (let count = 0; count < most; count += 1) assert.ok(joined.add(Buffer.of(count % 251)));
  assert.equal(joined.add(Buffer.of(0)), false);
  const block = joined.take();
  assert.deepEqual([block.length, block.buffer.byteLength], [most, most]);
  assert.ok(block.every((byte, index) => byte === index % 251));
});

test("the memory of what is taken is less than twice its bytes, whatever their number", () => {
  for (let length = 1; length <= FLOW_LIMITS.blockBytes.value; length = Math.ceil(length * 1.7)) {
    const joined = new JoinedBytes();
    for (let count = 0; count < length; count += 1) joined.add(Buffer.of(1));
    const block = joined.take();
    assert.ok(block.buffer.byteLength <= 2 * length, `${block.buffer.byteLength} for ${length}`);
  }
});

test("bytes that were dropped are gone", () => {
  const joined = new JoinedBytes();
  joined.add(Buffer.from("old"));
  joined.clear();
  joined.add(Buffer.from("new"));
  assert.equal(joined.take().toString(), "new");
});
