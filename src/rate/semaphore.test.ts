import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore } from "./semaphore.ts";

function setUp(most: number, mostPerKey: number) {
  const semaphore = new Semaphore({ most, mostPerKey });
  const evicted: string[] = [];
  const take = (name: string): (() => void) | undefined =>
    semaphore.tryAcquire(name.slice(0, -1), () => void evicted.push(name));
  return { semaphore, evicted, take };
}

test("when all are taken, whoever holds most makes room with its oldest, and only for one that has fewer", () => {
  const { semaphore, evicted, take } = setUp(4, 3);
  const [oldest] = ["a1", "a2", "a3", "b1"].map(take);
  assert.equal(take("a4"), undefined);
  assert.ok(take("c1") !== undefined);
  assert.deepEqual(evicted, ["a1"]);
  // What was taken over is given back already.
  oldest?.();
  assert.equal(semaphore.taken, 4);
  // b would have as many as a then.
  assert.equal(take("b2"), undefined);
  assert.ok(take("d1") !== undefined);
  assert.equal(take("e1"), undefined);
  assert.deepEqual(evicted, ["a1", "a2"]);
  assert.equal(semaphore.taken, 4);
});

test("permits are given back once each, and those without a key are bounded in all only", () => {
  const { semaphore, take } = setUp(3, 1);
  const held = ["1", "2", "3"].map(take);
  assert.ok(held.every((release) => release !== undefined));
  assert.equal(take("4"), undefined);
  held[0]?.();
  held[0]?.();
  assert.equal(semaphore.taken, 2);
  assert.ok(take("a1") !== undefined);
  assert.equal(take("a2"), undefined);
});

test("a permit that nothing can evict goes to nobody, whatever its key holds", () => {
  const semaphore = new Semaphore({ most: 3 });
  const releases = [semaphore.tryAcquire(), semaphore.tryAcquire("a"), semaphore.tryAcquire("a")];
  assert.equal(semaphore.tryAcquire("b"), undefined);
  assert.equal(
    semaphore.tryAcquire("", () => {}),
    undefined,
  );
  for (const release of [...releases, ...releases]) release?.();
  assert.equal(semaphore.taken, 0);
});

test("each key has its own bound", () => {
  const semaphore = new Semaphore({ most: Number.POSITIVE_INFINITY, mostPerKey: 1 });
  const release = semaphore.tryAcquire("a");
  assert.deepEqual([semaphore.tryAcquire("a"), semaphore.tryAcquire("b") === undefined], [undefined, false]);
  release?.();
  assert.notEqual(semaphore.tryAcquire("a"), undefined);
});
