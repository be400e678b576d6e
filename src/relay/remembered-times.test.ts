import assert from "node:assert/strict";
import { test } from "node:test";
import { RememberedTimes } from "./remembered-times.ts";

test("beyond its bound, what was set longest ago is forgotten", () => {
  const times = new RememberedTimes({ most: 2 });
  times.set("a", 1);
  times.set("b", 2);
  times.set("a", 3);
  times.set("c", 4);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => times.get(key)),
    [3, undefined, 4],
  );
  times.delete("a");
  assert.equal(times.get("a"), undefined);
});
