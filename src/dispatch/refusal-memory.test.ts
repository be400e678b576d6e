import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { RefusalMemory } from "./refusal-memory.ts";

const error = new BywayError("ERR_NO_NODE", "no node fits");

test("a refusal is kept for a second, as long as no node comes or goes", () => {
  const clock = new FakeClock();
  let version = 0;
  const refusals = new RefusalMemory({ clock, version: () => version });
  refusals.note("a", error);
  clock.advance(DISPATCH_LIMITS.refusalMs.value - 1);
  assert.equal(refusals.find("a"), error);
  assert.equal(refusals.find("b"), undefined);
  clock.advance(1);
  assert.equal(refusals.find("a"), undefined);
  refusals.note("a", error);
  version += 1;
  assert.equal(refusals.find("a"), undefined);
  assert.deepEqual([refusals.repeated, refusals.size], [1, 0]);
});

test("the refusals that are kept are bounded", () => {
  const refusals = new RefusalMemory({ clock: new FakeClock(), version: () => 0 });
  for (let n = 0; n <= DISPATCH_LIMITS.refusals.value; n += 1) refusals.note(String(n), error);
  assert.equal(refusals.size, DISPATCH_LIMITS.refusals.value);
  assert.equal(refusals.find("0"), undefined);
});

test("a request that must be planned each time is neither noted nor found", () => {
  const refusals = new RefusalMemory({ clock: new FakeClock(), version: () => 0 });
  refusals.note(undefined, error);
  assert.deepEqual([refusals.find(undefined), refusals.size], [undefined, 0]);
});
