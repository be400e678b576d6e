import assert from "node:assert/strict";
import { test } from "node:test";
import { ispMatches, ispPrefixes, regionMatches, regionNames } from "./place-names.ts";

const CALIFORNIA = ["california", "California", "ca", "CA", "us ca", "us_california", "us-ca"];

for (const place of [
  { country: "us", region: "California" },
  { country: "us", region: "ca" },
  { country: "us", region: "US-CA" },
  { country: "us", region: "us_california" },
  { country: "us", region: "California", regionCode: "ca" },
  { country: "us", regionCode: "ca" },
]) {
  test(`${JSON.stringify(place)} is found by each of its names, and by no other`, () => {
    for (const wanted of CALIFORNIA) assert.ok(regionMatches(wanted, place), wanted);
    for (const other of ["", "us", "cal", "nevada", "nv", "usca nv", "ca ca", "ca california"]) {
      assert.ok(!regionMatches(other, place), other);
    }
  });
}

test("a code that no table has counts where the data has it", () => {
  const bavaria = { country: "de", region: "Bavaria", regionCode: "by" };
  for (const wanted of ["bavaria", "by", "de by", "de_bavaria"]) assert.ok(regionMatches(wanted, bavaria), wanted);
  assert.ok(!regionMatches("by", { country: "de", region: "Bavaria" }));
  assert.ok(regionMatches("by", { country: "de", region: "de-by" }));
  assert.ok(regionMatches("de by", { country: "de", region: "BY" }));
});

test("a name that begins like its country is taken whole, and codes of another country do not count", () => {
  assert.deepEqual(regionNames({ country: "us", region: "Ushuaia" }), ["ushuaia"]);
  assert.ok(regionMatches("Delta", { country: "de", region: "Delta" }));
  assert.ok(!regionMatches("ca", { country: "mx", region: "California" }));
  assert.ok(regionMatches("wa", { country: "au", region: "Western Australia" }));
  assert.ok(!regionMatches("western australia", { country: "us", region: "WA" }));
});

test("where nothing is known of a region, nothing matches", () => {
  assert.deepEqual(regionNames({}), []);
  for (const wanted of ["", "us", "california"]) assert.ok(!regionMatches(wanted, { country: "us" }), wanted);
});

test("a provider is found by its first words and by its whole name, not by parts of words", () => {
  const name = "Comcast Cable Communications, LLC";
  assert.deepEqual(ispPrefixes(name), [
    "comcast",
    "comcastcable",
    "comcastcablecommunications",
    "comcastcablecommunicationsllc",
  ]);
  for (const wanted of ["comcast", "comcast cable", "Comcast_Cable_Communications_LLC"]) {
    assert.ok(ispMatches(wanted, name), wanted);
  }
  for (const wanted of ["", "com", "cable", "comcast llc"]) assert.ok(!ispMatches(wanted, name), wanted);
  assert.ok(ispMatches("at&t", "AT&T Services"));
  assert.ok(ispMatches("tmobile", "T-Mobile (USA) Inc."));
});

test("of a long name there are six, the last one whole", () => {
  assert.deepEqual(ispPrefixes("a b c d e f g h"), ["a", "ab", "abc", "abcd", "abcde", "abcdefgh"]);
  assert.deepEqual(ispPrefixes(" - (x y) "), []);
});
