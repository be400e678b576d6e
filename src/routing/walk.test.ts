import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../core/random.ts";
import { PostingLists } from "./posting-lists.ts";
import { walk } from "./walk.ts";

test("every place of every list is visited once", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), fc.nat(), (lengths, seed) => {
      const lists = new PostingLists();
      const numbers: number[] = [];
      let row = 0;
      for (const [at, length] of lengths.entries()) {
        for (let n = 0; n < length; n += 1) {
          const list = lists.add(`list ${at}`, row);
          row += 1;
          if (n === 0) numbers.push(list);
        }
      }
      const visited: number[] = [];
      walk(lists, numbers, seededRandom(seed), (one) => {
        visited.push(one);
        return "on";
      });
      assert.deepEqual(
        visited.sort((a, b) => a - b),
        Array.from({ length: row }, (_, n) => n),
      );
    }),
  );
});

test("the first rows that are visited are any rows", () => {
  const lists = new PostingLists();
  let list = 0;
  for (let row = 0; row < 100; row += 1) list = lists.add("all", row);
  const counts = new Array<number>(100).fill(0);
  const random = seededRandom(3);
  for (let turn = 0; turn < 10_000; turn += 1) {
    let left = 10;
    walk(lists, [list], random, (row) => {
      counts[row] = (counts[row] ?? 0) + 1;
      left -= 1;
      return left === 0 ? "stop" : "on";
    });
  }
  // 1,000 visits each are expected, give or take 30.
  for (const count of counts) assert.ok(count > 850 && count < 1_150, String(count));
});
