import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { JsonValue } from "../core/errors.ts";
import type { RecordKeeper } from "./record-keeper.ts";

/** What every keeper of records must do. */
export function recordKeeperCompliance(name: string, open: (t: TestContext) => RecordKeeper): void {
  const held = (records: RecordKeeper, kind: string): { [key: string]: JsonValue } =>
    Object.fromEntries(records.load(kind));

  test(`${name}: what was put is found, under its own kind and key`, (t) => {
    const records = open(t);
    records.put("a", "x", { n: [1, null, "é\u0000\n"] });
    records.put("a", "", true);
    records.put("a", "two\nlines", "v");
    records.put("b", "x", -0.5);
    assert.deepEqual(held(records, "a"), { x: { n: [1, null, "é\u0000\n"] }, "": true, "two\nlines": "v" });
    assert.deepEqual(held(records, "b"), { x: -0.5 });
    assert.deepEqual(held(records, "c"), {});
  });

  test(`${name}: the last word on a key counts`, (t) => {
    const records = open(t);
    records.put("a", "x", 1);
    records.put("a", "x", 2);
    records.put("a", "y", 3);
    assert.deepEqual(held(records, "a"), { x: 2, y: 3 });
    records.remove("a", "y");
    records.remove("a", "none");
    records.remove("none", "x");
    records.put("a", "x", 4);
    assert.deepEqual(held(records, "a"), { x: 4 });
    records.remove("a", "x");
    records.put("a", "x", 5);
    assert.deepEqual(held(records, "a"), { x: 5 });
  });

  test(`${name}: many are found, each once`, (t) => {
    const records = open(t);
    for (let n = 0; n < 2_000; n++) records.put("many", `k${n}`, n);
    const values = [...records.load("many")].map(([, value]) => Number(value)).sort((a, b) => a - b);
    assert.deepEqual(
      values,
      Array.from({ length: 2_000 }, (_, n) => n),
    );
  });
}
