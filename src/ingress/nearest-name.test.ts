import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestName } from "./nearest-name.ts";

test("the nearest name is the one with the fewest edits", () => {
  const names = ["country", "hops", "node", "session"];
  const table = [
    ["country", "country", 0],
    ["contry", "country", 1],
    ["coutnry", "country", 1],
    ["hop", "hops", 1],
    ["sesion", "session", 1],
    ["", "hops", 4],
  ] as const;
  for (const [text, name, edits] of table) assert.deepEqual(nearestName(text, names), { name, edits }, text);
});
