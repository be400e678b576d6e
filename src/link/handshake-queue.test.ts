import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import { type HandshakeBounds, HandshakeQueue } from "./handshake-queue.ts";

const BOUNDS: HandshakeBounds = {
  rate: { perSecond: 10, burst: 4 },
  open: 100,
  openPerNetwork: 50,
  waiting: 6,
  waitMs: 2_000,
};

function setUp(bounds: Partial<HandshakeBounds> = {}) {
  const clock = new FakeClock();
  const refusals = new RefusalCounts();
  const queue = new HandshakeQueue({ clock, refusals }, { ...BOUNDS, ...bounds });
  const started: string[] = [];
  const dropped: string[] = [];
  const leave = new Map<string, () => void>();
  /** `a3` comes from network a. */
  const enter = (...names: readonly string[]): void => {
    for (const name of names) {
      const address = `10.0.${name.charCodeAt(0)}.${name.slice(1)}`;
      const wanted = { start: () => started.push(name), drop: () => dropped.push(name) };
      leave.set(name, queue.enter(address, wanted));
    }
  };
  return { clock, queue, refusals, started, dropped, enter, leave: (name: string) => leave.get(name)?.() };
}

test("a burst starts at once; the rest waits, networks take turns, and each keeps its order", () => {
  const { clock, queue, started, enter } = setUp();
  enter("a1", "a2", "a3", "a4");
  assert.deepEqual(started, ["a1", "a2", "a3", "a4"]);
  enter("a5", "a6", "a7", "b1", "b2");
  assert.equal(queue.waiting, 5);
  const rest = started.splice(0) && started;
  for (let n = 1; n <= 5; n += 1) {
    clock.advance(100);
    assert.equal(rest.length, n);
  }
  assert.deepEqual(rest, ["a5", "b1", "a6", "b2", "a7"]);
  clock.advance(10_000);
  assert.equal(clock.pending, 0);
  assert.equal(queue.open, 9);
});

test("the newest of the longest row goes where too many wait, and whoever waits too long", () => {
  const { clock, queue, refusals, started, dropped, enter } = setUp({ rate: { perSecond: 0.1, burst: 1 } });
  enter("a1", "a2", "a3", "a4", "a5", "a6", "a7", "b1", "a8");
  assert.deepEqual(started, ["a1"]);
  assert.deepEqual(dropped, ["a7", "a8"]);
  clock.advance(2_000);
  assert.deepEqual(dropped, ["a7", "a8", "a2", "a3", "a4", "a5", "a6", "b1"]);
  assert.equal(queue.waiting, 0);
  assert.equal(clock.pending, 0);
  assert.deepEqual(refusals.counts, { "handshake rate": 8 });
});

test("one that goes away makes room, waiting or not, and may be told to twice", () => {
  const { clock, queue, started, enter, leave } = setUp({
    open: 2,
    openPerNetwork: 1,
    rate: { perSecond: 1, burst: 9 },
  });
  enter("a1", "a2", "a3");
  assert.deepEqual(started, ["a1"]);
  leave("a2");
  leave("a1");
  leave("a1");
  assert.deepEqual(started, ["a1", "a3"]);
  leave("a3");
  assert.equal(queue.open, 0);
  assert.equal(clock.pending, 0);
});

test("who sits on handshakes makes room for others, the oldest first", () => {
  const { refusals, started, dropped, enter } = setUp({ open: 3, rate: { perSecond: 100, burst: 100 } });
  enter("a1", "a2", "a3", "a4");
  assert.deepEqual(started, ["a1", "a2", "a3"]);
  enter("b1");
  assert.deepEqual(started, ["a1", "a2", "a3", "b1"]);
  assert.deepEqual(dropped, ["a1"]);
  assert.deepEqual(refusals.counts, { "handshake places": 1 });
});

test("by default, honest bursts start at once", () => {
  const clock = new FakeClock();
  const queue = new HandshakeQueue({ clock });
  let started = 0;
  const wanted = { start: () => (started += 1), drop: () => assert.fail("an honest one was dropped") };
  for (let n = 0; n < 200; n += 1) queue.enter(`10.${n}.0.1`, wanted);
  for (let n = 0; n < 64; n += 1) queue.enter("192.0.2.1", wanted);
  assert.equal(started, 264);
});
