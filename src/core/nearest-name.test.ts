import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearestName } from "./nearest-name.ts";

test("the nearest name is the one with the fewest edits", () => {
  const names = ["country", "hops", "node", "session"];
  const table = [
    ["country", "country", 0],
    ["contry", "country", 1],
    ["coutnry", "country", 1],
    ["hop", "hops", 1],
    ["sesion", "session", 1],
    ["NODE", "node", 0],
    ["", "hops", 4],
  ] as const;
  for (const [text, name, edits] of table) assert.deepEqual(nearestName(text, names), { name, edits }, text);
});

test("nothing is nearest when nothing is known", () => {
  assert.deepEqual(nearestName("word", []), { name: "", edits: Number.POSITIVE_INFINITY });
});

test("a known name is nearest to itself", () => {
  const names = fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, selector: (name) => name.toLowerCase() });
  fc.assert(
    fc.property(names, (known) => {
      for (const name of known) assert.deepEqual(nearestName(name, known), { name, edits: 0 });
    }),
  );
});
