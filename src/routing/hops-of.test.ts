import assert from "node:assert/strict";
import { test } from "node:test";
import { hopsOf } from "./hops-of.ts";

test("the request decides, then the default, and private means three at least", () => {
  assert.equal(hopsOf({}, { defaultHops: 2 }), 2);
  assert.equal(hopsOf({ hops: 4 }, { defaultHops: 1 }), 4);
  assert.equal(hopsOf({ preset: "private" }, { defaultHops: 1 }), 3);
  assert.equal(hopsOf({}, { defaultHops: 1, preset: "private" }), 3);
  assert.equal(hopsOf({ preset: "private" }, { defaultHops: 5 }), 5);
  assert.equal(hopsOf({ hops: 2 }, { defaultHops: 1, preset: "private" }), 2);
  assert.equal(hopsOf({ preset: "fast" }, { defaultHops: 1, preset: "private" }), 1);
});

test("what no circuit has is refused", () => {
  for (const hops of [0, 6, 1.5, Number.NaN])
    assert.throws(() => hopsOf({ hops }, { defaultHops: 1 }), { code: "ERR_PARAMETER_VALUE" });
  assert.throws(() => hopsOf({ hops: 1, preset: "private" }, { defaultHops: 1 }), { code: "ERR_PARAMETER_CONFLICT" });
});
