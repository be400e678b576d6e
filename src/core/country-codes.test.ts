import assert from "node:assert/strict";
import { test } from "node:test";
import { COUNTRY_CODES, countryByName } from "./country-codes.ts";

test("the codes are the 249 of ISO 3166-1 and Kosovo's, and each has an English name", () => {
  assert.equal(COUNTRY_CODES.size, 250);
  const english = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
  for (const code of COUNTRY_CODES) assert.notEqual(english.of(code.toUpperCase()), undefined, code);
  for (const code of ["xx", "zz", "aa", "uk", "eu", "el", "qq"]) assert.ok(!COUNTRY_CODES.has(code), code);
});

test("a country is known by its name, with a slip of the pen too", () => {
  for (const [text, code] of [
    ["germany", "de"],
    ["Germny", "de"],
    ["united_states", "us"],
    ["JAPAN", "jp"],
    ["japn", "jp"],
    ["usa", undefined],
    ["xx", undefined],
    ["nowhere", undefined],
    ["x".repeat(10_000), undefined],
  ] as const) {
    assert.equal(countryByName(text), code, text.slice(0, 20));
  }
});
