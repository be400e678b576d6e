import assert from "node:assert/strict";
import { test } from "node:test";
import { CheckModes } from "./check-modes.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

test("the way in which a peer is checked is settled once, whatever fails later", () => {
  const modes = new CheckModes();
  assert.equal(modes.isFar("near"), false);
  for (const isFar of [false, true]) modes.settle("near", isFar);
  for (const isFar of [true, false]) modes.settle("far", isFar);
  assert.deepEqual([modes.isFar("near"), modes.isFar("far")], [false, true]);
});

test("no more modes are remembered than the bound, and the one settled longest ago goes", () => {
  const modes = new CheckModes();
  for (let n = 0; n <= LIVENESS_LIMITS.checkModes.value; n += 1) modes.settle(`peer ${n}`, true);
  assert.deepEqual([modes.isFar("peer 0"), modes.isFar("peer 1")], [false, true]);
});
