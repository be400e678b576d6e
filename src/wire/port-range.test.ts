import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isInPortRanges, portRangesExcept } from "./port-range.ts";

test("closed ports cut the range of all ports", () => {
  assert.deepEqual(portRangesExcept([]), [{ first: 1, last: 65_535 }]);
  assert.deepEqual(portRangesExcept([465, 25, 25, 26, 0, 99_999]), [
    { first: 1, last: 24 },
    { first: 27, last: 464 },
    { first: 466, last: 65_535 },
  ]);
  assert.deepEqual(portRangesExcept([1, 65_535]), [{ first: 2, last: 65_534 }]);
});

test("a port is in the ranges just if it is not closed", () => {
  const port = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 65_535 }));
  fc.assert(
    fc.property(fc.array(port, { maxLength: 60 }), port, (closed, asked) => {
      assert.equal(isInPortRanges(portRangesExcept(closed), asked), !closed.includes(asked));
    }),
  );
});

test("too many ranges claim less and never more", () => {
  const ranges = portRangesExcept(Array.from({ length: 500 }, (_, at) => at * 3 + 1));
  assert.equal(ranges.length, 64);
  assert.equal(isInPortRanges(ranges, 2), true);
  assert.equal(isInPortRanges(ranges, 60_000), false);
});
