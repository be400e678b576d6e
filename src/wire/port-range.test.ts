import assert from "node:assert/strict";
import { test } from "node:test";
import { isInPortRanges } from "./port-range.ts";

test("a range holds both of its ends and nothing beside", () => {
  const ranges = [
    { first: 20, last: 23 },
    { first: 80, last: 80 },
  ];
  for (const port of [20, 21, 23, 80]) assert.equal(isInPortRanges(ranges, port), true, `${port}`);
  for (const port of [19, 24, 79, 81, 65_535]) assert.equal(isInPortRanges(ranges, port), false, `${port}`);
  assert.equal(isInPortRanges([], 80), false);
});
