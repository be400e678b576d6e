import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { TRUST_LIMITS } from "./limits.ts";
import { RecentFailures } from "./recent-failures.ts";

const { failureMs, longestFailureMs, failures } = TRUST_LIMITS;

function bench() {
  const clock = new FakeClock();
  return { clock, recent: new RecentFailures({ clock }) };
}

/** Turns the clock until `peer` is free again; tells how long that was. */
function untilFree(recent: RecentFailures, clock: FakeClock, peer: string): number {
  const beganMs = clock.monotonicMs();
  while (recent.peers.has(peer)) clock.advance(1_000);
  return clock.monotonicMs() - beganMs;
}

test("each failure after a mark doubles the next one, up to an hour", () => {
  const { clock, recent } = bench();
  const lengths: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    recent.note("a");
    lengths.push(untilFree(recent, clock, "a"));
  }
  assert.deepEqual(lengths.slice(0, 3), [30_000, 60_000, 120_000]);
  assert.deepEqual(lengths.slice(-2), [longestFailureMs.value, longestFailureMs.value]);
});

test("fifty streams that fail at once are one failure, and told once", () => {
  const { clock, recent } = bench();
  const news = Array.from({ length: 50 }, () => recent.note("a"));
  assert.equal(untilFree(recent, clock, "a"), failureMs.value);
  assert.deepEqual(news, [true, ...Array.from({ length: 49 }, () => false)]);
});

test("a mark is forgotten when as long again went by without a failure", () => {
  const { clock, recent } = bench();
  recent.note("a");
  clock.advance(2 * failureMs.value);
  assert.equal(recent.peers.size + recent.size, 0);
  recent.note("a");
  assert.equal(untilFree(recent, clock, "a"), failureMs.value);
});

test("a success heals at once, but not one that was begun before the failure", () => {
  const { clock, recent } = bench();
  const beforeMs = clock.monotonicMs();
  clock.advance(1);
  recent.note("a");
  recent.noteSuccess("a", beforeMs);
  assert.ok(recent.peers.has("a"));
  clock.advance(1);
  recent.noteSuccess("a", clock.monotonicMs());
  assert.equal(recent.size, 0);
});

test("no more than so many peers are remembered, the latest ones", () => {
  const { recent } = bench();
  for (let index = 0; index < failures.value + 10; index += 1) recent.note(`peer ${index}`);
  assert.equal(recent.size, failures.value);
  assert.deepEqual([recent.peers.has("peer 9"), recent.peers.has("peer 10")], [false, true]);
});

test("a peer that rests is passed over for so long, and has not failed", () => {
  const { clock, recent } = bench();
  recent.rest("a", 5_000);
  assert.equal(untilFree(recent, clock, "a"), 5_000);
  assert.ok(recent.note("a"));
  assert.equal(untilFree(recent, clock, "a"), failureMs.value, "its first failure is not its second");
});

test("no more than so many peers rest, the latest ones", () => {
  const { recent } = bench();
  for (let index = 0; index < failures.value + 10; index += 1) recent.rest(`peer ${index}`, 5_000);
  assert.equal(recent.peers.size, failures.value);
  assert.deepEqual([recent.peers.has("peer 9"), recent.peers.has("peer 10")], [false, true]);
});
