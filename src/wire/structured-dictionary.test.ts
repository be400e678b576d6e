import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatItem, itemText, parseDictionary } from "./structured-dictionary.ts";

const BOUNDS = { maxChars: 200, maxMembers: 4, maxItems: 3 };

function read(text: string): unknown {
  const members = parseDictionary(text, BOUNDS);
  if (members === undefined) return undefined;
  const shown = (item: { readonly text: string; readonly kind: string }): string => `${item.kind}:${item.text}`;
  return Object.fromEntries(
    [...members].map(([key, value]) => [key, "kind" in value ? shown(value) : value.map(shown)]),
  );
}

test("a dictionary is read as RFC 9651 has it", () => {
  const table: readonly (readonly [string, object])[] = [
    ["", {}],
    ["  ", {}],
    ["a", { a: "other:?1" }],
    ['a=1, b=x,c="y z"', { a: "other:1", b: "token:x", c: "string:y z" }],
    ["a=1\t,\tb", { a: "other:1", b: "other:?1" }],
    ['a=(x  "y" 1), b=()', { a: ["token:x", "string:y", "other:1"], b: [] }],
    ["a=( x )", { a: ["token:x"] }],
    ["a=1, a=2", { a: "other:2" }],
    ["Minimum=0.5", { minimum: "other:0.5" }],
    ['a="\\"\\\\"', { a: 'string:"\\' }],
    ["sticky-asn, a_b.c*=?0", { "sticky-asn": "other:?1", "a_b.c*": "other:?0" }],
  ];
  for (const [text, expected] of table) assert.deepEqual(read(text), expected, text);
});

test("what is malformed or exceeds the bounds is refused whole", () => {
  const table = [
    "=1",
    "1a",
    "a=",
    "a=,b",
    "a,",
    ",a",
    "a b",
    "a=1;x",
    "a;x",
    "a=(x",
    "a=x)",
    "a=(x;q=1)",
    'a=("x""y")',
    'a="x',
    "a=é",
    "a=10m",
    "a=1234567890123.5",
    "a=1234567890123456",
    "a=@1659578233.12",
    "a=1.",
    "a=1.1234",
    "a=(w x y z)",
    "a,b,c,d,e",
    `a=${"x".repeat(200)}`,
    "a\r\nb",
    "a=\u0000",
  ];
  for (const text of table) assert.equal(read(text), undefined, text);
});

test("any text can be written as an item and read again", () => {
  assert.deepEqual(["us", "new york", "10m", "münchen", '"'].map(formatItem), [
    "us",
    '"new york"',
    '"10m"',
    '%"m%c3%bcnchen"',
    '"\\""',
  ]);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const members = parseDictionary(`a=${formatItem(text)}`, { ...BOUNDS, maxChars: 1_000 });
      const value = members?.get("a");
      assert.ok(value !== undefined && "kind" in value);
      assert.equal(itemText(value), text);
    }),
  );
});

test("an item that has no text gives none", () => {
  for (const text of ["?1", "@1", ":YQ==:", '%"%ff"', '%"%C3%BC"', '%"%4"'])
    assert.equal(itemText({ kind: "other", text }), undefined, text);
});
