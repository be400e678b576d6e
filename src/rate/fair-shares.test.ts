import assert from "node:assert/strict";
import { test } from "node:test";
import { FairShares } from "./fair-shares.ts";

function setUp(...names: readonly string[]) {
  const shares = new FairShares<{ readonly name: string }>();
  const holders = new Map<string, { readonly name: string }>();
  for (const name of names) {
    const holder = { name };
    holders.set(name, holder);
    shares.add(name.slice(0, 1), holder);
  }
  const get = (name: string): { readonly name: string } => holders.get(name) ?? assert.fail(name);
  return { shares, get, giver: (key: string) => shares.giver(key)?.name };
}

test("the oldest idle place of the key that holds most goes to one that holds fewer, also after that", () => {
  const { giver } = setUp("a1", "a2", "a3", "b1", "b2");
  assert.equal(giver("c"), "a1");
  assert.equal(giver("b"), undefined, "b would have more than a");
  assert.equal(giver("a"), undefined);
  const equal = setUp("a1", "a2", "b1", "b2");
  assert.equal(equal.giver("c"), "a1");
  assert.equal(setUp("a1", "b1").giver("c"), undefined, "each has its one");
});

test("a place in use goes to nobody; one that was in use is the youngest of those that are idle", () => {
  const { shares, get, giver } = setUp("a1", "a2", "a3", "b1", "b2");
  shares.use(get("a1"), true);
  assert.equal(giver("c"), "a2");
  shares.use(get("a1"), false);
  shares.use(get("a2"), true);
  assert.equal(giver("c"), "a3");
  shares.use(get("a3"), true);
  assert.equal(giver("c"), "a1");
  shares.use(get("a1"), true);
  assert.equal(giver("c"), "b1", "the next largest that has an idle one");
  shares.use(get("b1"), true);
  shares.use(get("b2"), true);
  assert.equal(giver("c"), undefined);
});

test("places in use count, and what is given back is forgotten", () => {
  const { shares, get, giver } = setUp("a1", "a2", "a3", "b1", "b2");
  for (const name of ["a1", "a2"]) shares.use(get(name), true);
  assert.equal(giver("c"), "a3");
  assert.equal(shares.remove(get("a3")), true);
  assert.equal(shares.remove(get("a3")), false);
  shares.use(get("a3"), false);
  assert.deepEqual([shares.size, shares.countOf("a"), giver("c")], [4, 2, "b1"]);
});
