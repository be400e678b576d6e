import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { FreedMemory } from "./freed-memory.ts";
import { FLOW_LIMITS } from "./limits.ts";

const { collectMs, collectSoonMs } = FLOW_LIMITS;

function setUp(mayCollect = true) {
  const clock = new FakeClock();
  let collections = 0;
  const count = (): void => {
    collections += 1;
  };
  const collect = () => (mayCollect ? count : undefined);
  return { clock, freed: new FreedMemory({ clock, collect }, 100), count: () => collections };
}

test("a little is collected with what follows, and once", () => {
  const { clock, freed, count } = setUp();
  freed.add(40);
  clock.advance(collectMs.value - 1);
  freed.add(40);
  assert.equal(count(), 0);
  clock.advance(1);
  assert.equal(count(), 1);
  clock.advance(10 * collectMs.value);
  assert.deepEqual([count(), clock.pending], [1, 0]);
});

test("much is collected soon, at once or together with what came before", () => {
  const { clock, freed, count } = setUp();
  freed.add(40);
  freed.add(60);
  freed.add(60);
  clock.advance(collectSoonMs.value);
  assert.deepEqual([count(), clock.pending], [1, 0]);
  freed.add(99);
  clock.advance(collectSoonMs.value);
  assert.equal(count(), 1);
});

test("a process that may not collect leaves it to V8", () => {
  const { clock, freed, count } = setUp(false);
  freed.add(1_000);
  assert.equal(clock.pending, 0);
  clock.advance(collectMs.value);
  assert.equal(count(), 0);
});
