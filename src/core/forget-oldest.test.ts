import assert from "node:assert/strict";
import { test } from "node:test";
import { forgetOldest } from "./forget-oldest.ts";

test("beyond the bound the key that was added first is forgotten, and one that is added again is the newest", () => {
  const held = new Map<string, number>();
  const keep = (key: string): void => {
    held.delete(key);
    held.set(key, 1);
    forgetOldest(held, 2);
  };
  for (const key of ["a", "b", "a"]) keep(key);
  assert.deepEqual([...held.keys()], ["b", "a"]);
  keep("c");
  assert.deepEqual([...held.keys()], ["a", "c"]);
});

test("a set is bounded in the same way, and undefined is a key like others", () => {
  const held = new Set([undefined, "b"]);
  forgetOldest(held, 1);
  assert.deepEqual([...held], ["b"]);
  forgetOldest(held, 0);
  forgetOldest(held, 0);
  assert.equal(held.size, 0);
});
