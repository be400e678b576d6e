import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { restMs } from "./declined.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const { leastRestMs, longestRestMs } = CIRCUIT_LIMITS;
const { failureMs } = TRUST_LIMITS;

test("a node is left in peace for as long as it asks, within bounds, and only where it speaks of itself", () => {
  const rest = (retryAfterSec?: number): number | undefined =>
    restMs(new BywayError("ERR_NODE_CLOSED", "closed", retryAfterSec === undefined ? {} : { data: { retryAfterSec } }));
  assert.equal(rest(), failureMs.value);
  assert.equal(rest(0), leastRestMs.value);
  assert.equal(rest(60), 60_000);
  assert.equal(rest(99_999), longestRestMs.value);
  assert.equal(restMs(new BywayError("ERR_TARGET_REFUSED", "refused", { data: { retryAfterSec: 60 } })), undefined);
});
