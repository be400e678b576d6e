import assert from "node:assert/strict";
import { test } from "node:test";
import { COLOCATION, GOSSIP_THRESHOLD } from "./gossip.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

test("as many peers as may connect from one address lose the mesh for each other, and no news", () => {
  const score = (peers: number): number => Math.max(0, peers - COLOCATION.threshold) ** 2 * COLOCATION.weight;
  assert.ok(score(COLOCATION.threshold + 1) < 0);
  assert.ok(score(OVERLAY_LIMITS.connectionsPerAddress.value) > GOSSIP_THRESHOLD);
});
