import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DomainSet } from "./domain-set.ts";
import { NamePages } from "./name-pages.ts";
import { finishSteps } from "./steps.ts";

type Entry = readonly [name: string, below: boolean];

function setOf(entries: readonly Entry[], seed: readonly [number, number] = [1, 2]): DomainSet {
  const pages = new NamePages();
  for (const [name, below] of entries) pages.add(name, below);
  return finishSteps(DomainSet.of(pages, entries.length, seed));
}

/** What `find` should say, by looking at every entry. */
function oracle(entries: readonly Entry[], name: string): string | undefined {
  const labels = name.split(".");
  for (let count = 1; count <= labels.length; count += 1) {
    const end = labels.slice(-count).join(".");
    if (entries.some(([entry, below]) => entry === end && (below || entry === name))) return end;
  }
  return undefined;
}

const label = fc.constantFrom("a", "b", "aa", "ab", "ba", "example", "com");
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
const entries = fc.array(fc.tuple(name, fc.boolean()), { maxLength: 40 });

test("a name is found as by looking at every entry", () => {
  fc.assert(
    fc.property(entries, fc.array(name), fc.tuple(fc.integer(), fc.integer()), (has, asked, seed) => {
      const set = setOf(has, seed);
      assert.equal(set.size, new Set(has.map(([each]) => each)).size);
      for (const each of [...asked, ...has.map(([entry]) => entry)])
        assert.equal(set.find(each), oracle(has, each), each);
    }),
    { numRuns: 1000 },
  );
});

test("names match on dot boundaries only", () => {
  const set = setOf([
    ["example.com", true],
    ["alone.example", false],
  ]);
  for (const inside of ["example.com", "a.example.com", "a.b.example.com"])
    assert.equal(set.find(inside), "example.com", inside);
  for (const outside of ["badexample.com", "com", "example.com.evil.org", "example.co", "", "."])
    assert.equal(set.find(outside), undefined, outside);
  assert.equal(set.find("alone.example"), "alone.example");
  assert.equal(set.find("a.alone.example"), undefined);
});

test("an entry that comes alone and with all below counts for all below, in whichever order", () => {
  for (const order of [
    [false, true],
    [true, false],
  ])
    assert.equal(setOf(order.map((below) => ["example.com", below])).find("a.example.com"), "example.com");
});

test("the longest names that there are, of the most labels, are found", () => {
  const long = Array.from({ length: 127 }, () => "a").join(".");
  assert.equal(long.length, 253);
  const set = setOf([[long, true]]);
  assert.equal(set.find(long), long);
  assert.equal(set.find(`b.${long}`), long);
  assert.equal(set.find(long.slice(2)), undefined);
  assert.equal(set.find("a".repeat(100_000)), undefined);
});

test("names of more than one page are kept whole", () => {
  const many = Array.from({ length: 60_000 }, (_, i): Entry => [`${"x".repeat(i % 60)}${i}.example`, i % 2 === 0]);
  const set = setOf(many);
  assert.ok(set.bytes > 2 * 1024 * 1024);
  assert.equal(set.size, many.length);
  for (const [each, below] of many) {
    assert.equal(set.find(each), each);
    assert.equal(set.find(`a.${each}`), below ? each : undefined);
  }
});
