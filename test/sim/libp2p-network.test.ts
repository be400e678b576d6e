import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../src/core/random.ts";
import { measureLibp2p } from "./libp2p-network.ts";

test("real hosts that know one bootstrap find each other's records, and all of them by the index", async () => {
  const figures = await measureLibp2p(8, 10, seededRandom(1));
  assert.equal(figures.recordsFound, 1);
  // A host is not told of itself.
  assert.ok(figures.indexFound >= 7 / 8, `${figures.indexFound}`);
  assert.deepEqual([figures.indexReads, figures.depth], [1, 0]);
  assert.ok(figures.estimate > 0.8 && figures.estimate <= 1.2, `${figures.estimate}`);
});
