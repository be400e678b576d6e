import assert from "node:assert/strict";
import { test } from "node:test";
import { FairPlaces } from "./fair-places.ts";

function setUp(most: number, mostPerKey: number) {
  const places = new FairPlaces({ most, mostPerKey });
  const evicted: string[] = [];
  const take = (name: string): (() => void) | undefined =>
    places.take(name.slice(0, -1), () => void evicted.push(name));
  return { places, evicted, take };
}

test("when all are taken, whoever holds most makes room with its oldest, and only for one that has fewer", () => {
  const { places, evicted, take } = setUp(4, 3);
  const [oldest] = ["a1", "a2", "a3", "b1"].map(take);
  assert.equal(take("a4"), undefined);
  assert.ok(take("c1") !== undefined);
  assert.deepEqual(evicted, ["a1"]);
  // What was taken over is given back already.
  oldest?.();
  assert.equal(places.taken, 4);
  // b would have as many as a then.
  assert.equal(take("b2"), undefined);
  assert.ok(take("d1") !== undefined);
  assert.equal(take("e1"), undefined);
  assert.deepEqual(evicted, ["a1", "a2"]);
  assert.equal(places.taken, 4);
});

test("places are given back once each, and those without a key are bounded in all only", () => {
  const { places, take } = setUp(3, 1);
  const held = ["1", "2", "3"].map(take);
  assert.ok(held.every((release) => release !== undefined));
  assert.equal(take("4"), undefined);
  held[0]?.();
  held[0]?.();
  assert.equal(places.taken, 2);
  assert.ok(take("a1") !== undefined);
  assert.equal(take("a2"), undefined);
});
