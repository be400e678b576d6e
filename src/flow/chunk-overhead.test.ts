import assert from "node:assert/strict";
import { test } from "node:test";
import { ChunkOverhead } from "./chunk-overhead.ts";
import { FLOW_LIMITS } from "./limits.ts";

test("small chunks are to be joined once there are more than a few, and until large ones come", () => {
  const overhead = new ChunkOverhead();
  assert.deepEqual(
    Array.from({ length: 6 }, () => overhead.add(1)),
    [false, false, false, false, true, true],
  );
  overhead.add(16_384);
  assert.equal(overhead.add(1), false);
});

test("where nothing waits any more the counting begins anew", () => {
  const overhead = new ChunkOverhead();
  while (!overhead.add(1));
  overhead.clear();
  assert.equal(overhead.add(1), false);
});

test("a thousand bytes pay for themselves, so bulk with rests between is never joined", () => {
  const overhead = new ChunkOverhead();
  for (let count = 0; count < 10_000; count += 1) {
    assert.equal(overhead.add(count % 3 === 0 ? 16_375 : 9), false);
    assert.equal(new ChunkOverhead().add(1_024), false);
  }
});

test("an attacker gains nothing by one larger chunk among many", () => {
  const overhead = new ChunkOverhead();
  let alone = 0;
  let bytes = 0;
  for (let count = 0; count < 10_000; count += 1) {
    const length = count % 5 === 4 ? 1_500 : 1;
    bytes += length;
    if (!overhead.add(length)) alone += 1;
  }
  assert.ok(alone * FLOW_LIMITS.chunkCostBytes.value <= bytes, `${alone} chunks for ${bytes} bytes`);
});
