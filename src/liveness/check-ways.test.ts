import assert from "node:assert/strict";
import { test } from "node:test";
import { CheckWays } from "./check-ways.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

test("the way in which a peer is checked is settled once, whatever fails later", () => {
  const ways = new CheckWays();
  assert.equal(ways.isFar("near"), false);
  for (const isFar of [false, true]) ways.settle("near", isFar);
  for (const isFar of [true, false]) ways.settle("far", isFar);
  assert.deepEqual([ways.isFar("near"), ways.isFar("far")], [false, true]);
});

test("no more ways are remembered than the bound, and the one settled longest ago goes", () => {
  const ways = new CheckWays();
  for (let n = 0; n <= LIVENESS_LIMITS.checkWays.value; n += 1) ways.settle(`peer ${n}`, true);
  assert.deepEqual([ways.isFar("peer 0"), ways.isFar("peer 1")], [false, true]);
});
