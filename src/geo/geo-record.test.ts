import assert from "node:assert/strict";
import { test } from "node:test";
import { asnField, countryField, textField } from "./geo-record.ts";

for (const [value, expected] of [
  ["Example Net", "Example Net"],
  ["  Example   Net ", "Example Net"],
  ["Köln\u0000\u001b[31m", "Köln [31m"],
  ["a\u202eb\u2028c", "a b c"],
  ["x".repeat(65), "x".repeat(64)],
  ["ü".repeat(65), "ü".repeat(64)],
  [`${"😀".repeat(64)}x`, "😀".repeat(64)],
  ["", undefined],
  [" \n ", undefined],
  [7, undefined],
] as const) {
  test(`the name ${JSON.stringify(value)} becomes ${JSON.stringify(expected)}`, () => {
    assert.equal(textField(value), expected);
  });
}

test("countries are two letters and not ZZ", () => {
  assert.equal(countryField("DE"), "de");
  for (const value of ["ZZ", "Germany", "d1", "", 49, undefined]) assert.equal(countryField(value), undefined);
});

test("AS numbers are 1 to 2^32 - 1, in either writing", () => {
  for (const value of [64496, "64496", "AS64496", "as64496"]) assert.equal(asnField(value), 64496);
  for (const value of [0, "AS0", 2 ** 32, -1, 1.5, "AS", "x1", "1e3", undefined])
    assert.equal(asnField(value), undefined);
});
