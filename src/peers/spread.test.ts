import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../core/random.ts";
import { type Crowd, spread } from "./spread.ts";

interface Item extends Crowd {
  readonly name: string;
  readonly near?: boolean;
}

const groupsOf = (item: Item): Crowd => item;
const isNear = (item: Item): boolean => item.near === true;

function crowd(name: string, count: number, of: (index: number) => Crowd & { readonly near?: boolean }): Item[] {
  return Array.from({ length: count }, (_, index) => ({ name, ...of(index) }));
}

function countOf(items: readonly Item[], name: string): number {
  return items.filter((item) => item.name === name).length;
}

const honest = crowd("honest", 50, (index) => ({ network: `10.${index}`, asn: 100 + (index % 25) }));

test("a crowd in two ASes takes two turns of many, however many it is", () => {
  const hostile = crowd("hostile", 1_950, (index) => ({ network: `66.${index % 4}`, asn: 666 + (index % 2) }));
  const picked = spread([...hostile, ...honest], { limit: 50, random: seededRandom(1), groupsOf });
  assert.equal(picked.length, 50);
  assert.ok(countOf(picked, "hostile") <= 4, `${countOf(picked, "hostile")}`);
});

test("within an AS the networks take turns", () => {
  const wide = crowd("wide", 10, (index) => ({ network: `10.${index}`, asn: 1 }));
  const packed = crowd("packed", 500, () => ({ network: "66.6", asn: 1 }));
  const picked = spread([...packed, ...wide], { limit: 11, random: seededRandom(2), groupsOf });
  assert.equal(countOf(picked, "wide"), 10);
});

test("one network that claims many ASes gets an eighth while others are left", () => {
  const liars = crowd("liar", 500, (index) => ({ network: "66.6", asn: 1_000 + index }));
  const picked = spread([...liars, ...honest], { limit: 48, random: seededRandom(3), groupsOf });
  assert.equal(countOf(picked, "liar"), 6);
});

test("an answer is filled from one crowd where there is no other, and cut where the caps are hard", () => {
  const lan = crowd("lan", 40, () => ({ network: "127.10" }));
  const options = { limit: 30, random: seededRandom(4), groupsOf };
  assert.equal(spread(lan, options).length, 30);
  assert.equal(spread(lan, { ...options, mostPerNetwork: 4 }).length, 4);
  assert.equal(spread(honest, { ...options, mostPerAsn: 1 }).length, 25);
});

test("near ones come first and are half at the most while others are left", () => {
  const near = crowd("near", 60, (index) => ({ network: `20.${index}`, asn: index, near: true }));
  const picked = spread([...honest, ...near], { limit: 20, random: seededRandom(5), groupsOf, isNear });
  assert.deepEqual(picked.map(isNear), [...Array(10).fill(true), ...Array(10).fill(false)]);
  assert.equal(spread(near, { limit: 20, random: seededRandom(5), groupsOf, isNear }).length, 20);
  const few = spread([...honest.slice(0, 4), ...near], { limit: 20, random: seededRandom(5), groupsOf, isNear });
  assert.deepEqual([countOf(few, "near"), countOf(few, "honest")], [16, 4]);
});

test("chance decides within a network", () => {
  const items = Array.from({ length: 40 }, (_, index) => ({ name: `${index}`, network: "10.1", asn: 1 }));
  const first = (seed: number): string | undefined =>
    spread(items, { limit: 1, random: seededRandom(seed), groupsOf })[0]?.name;
  assert.ok(new Set(Array.from({ length: 30 }, (_, seed) => first(seed))).size > 10);
});

test("whatever comes: no more than asked, none twice, and never short without a hard cap", () => {
  const item = fc.record({
    name: fc.constant("x"),
    network: fc.option(fc.constantFrom("a", "b", "c", "d"), { nil: undefined }),
    asn: fc.option(fc.nat(3), { nil: undefined }),
    near: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 80 }), fc.integer({ min: 0, max: 40 }), fc.nat(), (items, limit, seed) => {
      const picked = spread(items, { limit, random: seededRandom(seed), groupsOf, isNear });
      assert.equal(picked.length, Math.min(limit, items.length));
      assert.equal(new Set(picked).size, picked.length);
    }),
  );
});

test("items that may only claim their networks get what one crowd gets, and come last", () => {
  const fakes = crowd("fake", 2_000, (index) => ({ network: `66.${index}` }));
  const isProven = ({ name }: Item): boolean => name === "honest";
  const picked = spread([...fakes, ...honest], { limit: 40, random: seededRandom(1), groupsOf, isProven });
  assert.equal(countOf(picked, "fake"), 5);
  assert.equal(countOf(picked.slice(0, 35), "fake"), 0);
  const few = spread([...fakes, ...honest.slice(0, 3)], { limit: 40, random: seededRandom(1), groupsOf, isProven });
  assert.deepEqual([countOf(few, "honest"), few.length], [3, 40]);
  assert.equal(countOf(few.slice(0, 3), "honest"), 3);
});
