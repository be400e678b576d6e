import assert from "node:assert/strict";
import { test } from "node:test";
import { keepAliveHintMs } from "./keep-alive-hint.ts";

test("a hint is read in every spelling that servers use, without the time of the way", () => {
  for (const [value, answeredInMs, expected] of [
    ["timeout=5", 0, 4_000],
    ["timeout=5, max=1000", 300, 4_000],
    ["max=100, TIMEOUT = 20", 0, 19_000],
    ['timeout="7"', 0, 6_000],
    ["timeout=5", 1_500, 3_500],
    ["timeout=5", 9_000, 0],
    ["timeout=0", 0, 0],
    ["max=100", 0, undefined],
    ["notimeout=5", 0, undefined],
    ["timeout=soon", 0, undefined],
    ["timeout=-5", 0, undefined],
  ] as const)
    assert.equal(keepAliveHintMs(["X", "1", "Keep-Alive", value], answeredInMs), expected, value);
  assert.equal(keepAliveHintMs([], 0), undefined);
});
