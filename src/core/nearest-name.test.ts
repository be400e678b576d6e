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

test("a name that takes more edits than asked for is none", () => {
  const names = ["country", "hops"];
  for (const [text, most, name] of [
    ["contry", 1, "country"],
    ["cotry", 1, ""],
    ["cotry", 2, "country"],
    ["hops", 0, "hops"],
    ["hosp", 0, ""],
  ] as const) {
    assert.equal(nearestName(text, names, most).name, name, `${text}, ${most}`);
    assert.equal(Number.isFinite(nearestName(text, names, most).edits), name !== "", `${text}, ${most}`);
  }
});

test("to give a name up early changes no answer", () => {
  // Few letters, so that many names are near, with swaps too.
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
  fc.assert(
    fc.property(word, fc.array(word, { minLength: 1, maxLength: 8 }), fc.nat(8), (text, names, most) => {
      // Alone, and without a bound, a name is compared to its end.
      const all = names.map((name) => ({ name, edits: nearestName(text, [name]).edits }));
      const edits = Math.min(...all.map((each) => each.edits));
      const first = all.find((each) => each.edits === edits);
      assert.deepEqual(nearestName(text, names), first);
      const none = { name: "", edits: Number.POSITIVE_INFINITY };
      assert.deepEqual(nearestName(text, names, most), edits <= most ? first : none);
    }),
  );
});

test("a known name is nearest to itself", () => {
  const names = fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, selector: (name) => name.toLowerCase() });
  fc.assert(
    fc.property(names, (known) => {
      for (const name of known) assert.deepEqual(nearestName(name, known), { name, edits: 0 });
    }),
  );
});
