import assert from "node:assert/strict";
import { test } from "node:test";
import { LruMap } from "./lru-map.ts";

test("beyond its bound, the entry that was set longest ago is forgotten", () => {
  const map = new LruMap<string, number>({ most: 2 });
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  map.get("b");
  map.set("c", 4);
  assert.deepEqual(
    [...map],
    [
      ["a", 3],
      ["c", 4],
    ],
  );
  map.delete("a");
  assert.deepEqual([map.size, map.get("a"), map.get("c")], [1, undefined, 4]);
});
