import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearest } from "./nearest.ts";

for (const [word, known, expected] of [
  ["listn", ["data", "listen", "hops"], "listen"],
  ["LISTEN", ["data", "listen"], "listen"],
  ["hpos", ["hot", "hops", "hosts"], "hops"],
  ["cleint.hops", ["client.hops", "node.roles"], "client.hops"],
  ["", ["abc", "a"], "a"],
] as const) {
  test(`nearest to ${JSON.stringify(word)} is ${expected}`, () => assert.equal(nearest(word, known), expected));
}

test("nothing is nearest to a word when nothing is known", () => assert.equal(nearest("word", []), undefined));

test("a known word is nearest to itself", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, selector: (s) => s.toLowerCase() }),
      (known) => {
        for (const word of known) assert.equal(nearest(word, known), word);
      },
    ),
  );
});
