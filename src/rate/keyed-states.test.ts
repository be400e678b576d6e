import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { KeyedStates } from "./keyed-states.ts";

class Marked {
  restAtMs = 0;
  mark?: string;

  used(nowMs: number): number {
    return this.restAtMs - nowMs;
  }
}

function create(most: number): { clock: FakeClock; states: KeyedStates<Marked> } {
  const clock = new FakeClock();
  return { clock, states: new KeyedStates({ clock, fresh: () => new Marked() }, { most }) };
}

/** Holds and releases a key that is at rest `restMs` from now. */
function use(clock: FakeClock, states: KeyedStates<Marked>, key: number, restMs: number): void {
  const held = states.hold(key, states.find(key));
  held.state.restAtMs = clock.monotonicMs() + restMs;
  states.release(held);
}

test("what is held is kept, however many come after it", () => {
  const { clock, states } = create(10);
  const held = states.hold(-1, undefined);
  held.state.mark = "kept";
  for (let key = 0; key < 1000; key++) use(clock, states, key, 60_000);
  assert.equal(states.find(-1)?.state.mark, "kept");
  assert.equal(states.size, 11, "ten that nobody holds, and this one");
});

test("a key that is held twice is held until the second release", () => {
  const { clock, states } = create(1);
  const first = states.hold(7, undefined);
  const second = states.hold(7, states.find(7));
  assert.equal(first, second);
  states.release(first);
  for (let key = 100; key < 120; key++) use(clock, states, key, 60_000);
  assert.equal(states.find(7)?.holds, 1);
  states.release(second);
  for (let key = 100; key < 120; key++) use(clock, states, key, 60_000);
  assert.equal(states.find(7), undefined);
});

test("keys at rest are forgotten as others come, without any timer", () => {
  const { clock, states } = create(1000);
  for (let key = 0; key < 500; key++) use(clock, states, key, 1000);
  assert.equal(states.size, 500);
  clock.advance(1001);
  for (let key = 500; key < 1000; key++) use(clock, states, key, 1000);
  assert.ok(states.size <= 501, `${states.size}`);
  for (let key = 500; key < 1000; key++) assert.ok(states.find(key), "those not at rest are kept");
  assert.equal(clock.pending, 0);
});

test("a flood of new keys does not drive out busy ones", () => {
  const { clock, states } = create(1000);
  for (let key = 0; key < 200; key++) use(clock, states, key, 600_000);
  for (let key = 1000; key < 200_000; key++) {
    use(clock, states, key, 5000);
    if (key % 10 === 0) clock.advance(1);
  }
  assert.equal(states.size <= 1000, true);
  const busy = Array.from({ length: 200 }, (_, key) => states.find(key)).filter((state) => state !== undefined);
  assert.equal(busy.length, 200);
});

test("one more key costs a constant number of looks, however many there are", () => {
  const clock = new FakeClock();
  let looks = 0;
  const states = new KeyedStates(
    {
      clock,
      fresh: () => ({
        used() {
          looks += 1;
          return 1;
        },
      }),
    },
    { most: 50_000 },
  );
  for (let key = 0; key < 200_000; key++) {
    const before = looks;
    states.release(states.hold(key, undefined));
    assert.ok(looks - before <= 7, `${looks - before}`);
  }
  assert.equal(states.size, 50_000);
});
