import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { REJECTION_REASONS, Rejections } from "./rejections.ts";

test("every error of an advertisement has a reason, and every reason starts at none", () => {
  const rejections = new Rejections();
  assert.deepEqual(Object.keys(rejections.counts()), [...REJECTION_REASONS]);
  assert.deepEqual(new Set(Object.values(rejections.counts())), new Set([0]));
  const table = [
    ["ERR_ADVERTISEMENT_MALFORMED", "malformed"],
    ["ERR_ADVERTISEMENT_SIGNATURE", "signature"],
    ["ERR_ADVERTISEMENT_EXPIRED", "expired"],
    ["ERR_ADVERTISEMENT_FUTURE", "future"],
    ["ERR_ADVERTISEMENT_PRIVATE", "private"],
    ["ERR_ADVERTISEMENT_OLD", "old"],
    ["ERR_ADVERTISEMENT_EQUIVOCATION", "equivocation"],
    ["ERR_ADVERTISEMENT_QUOTA", "quota"],
    ["ERR_DIRECTORY_MESSAGE", "answer"],
    ["ERR_STORE", "other"],
  ] as const;
  for (const [code, reason] of table) {
    const error = new BywayError(code, "x");
    assert.equal(rejections.addError(error), error);
    assert.equal(rejections.count(reason), 1, code);
  }
  assert.equal(rejections.addError(new RangeError("x")).code, "ERR_INTERNAL");
  assert.equal(rejections.count("other"), 2);
});

test("counts go on from what was kept, and two that keep theirs in one place lose nothing", () => {
  let kept: Record<string, number> = { old: 5, nonsense: 7 };
  const [a, b] = [new Rejections(kept), new Rejections(kept)];
  const save = (rejections: Rejections): void => {
    kept = rejections.addTo(kept);
    rejections.settle();
  };
  a.add("old");
  b.add("old");
  b.add("flood");
  save(a);
  save(b);
  save(b);
  assert.deepEqual(kept, { old: 7, flood: 1 });
  assert.equal(a.count("old"), 6);
  assert.deepEqual([a.changed, b.changed], [false, false]);
});

test("what is no count is passed over", () => {
  for (const held of [undefined, null, 1, "x", [], { old: -1 }, { old: 1.5 }, { old: "5" }, { old: Number.NaN }]) {
    assert.equal(new Rejections(held).count("old"), 0);
  }
});
