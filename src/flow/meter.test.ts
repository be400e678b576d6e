import assert from "node:assert/strict";
import { test } from "node:test";
import { Meter } from "./meter.ts";

test("what a stream carries counts for its link and its node, once in each", () => {
  const node = new Meter();
  const [link, other] = [new Meter(node), new Meter(node)];
  const [first, second] = [new Meter(link), new Meter(link)];
  first.up.add(3);
  first.down.add(10);
  second.down.add(5);
  new Meter(other).up.add(100);
  const counted = [first, second, link, other, node].map(({ up, down, bytes }) => [up.bytes, down.bytes, bytes]);
  assert.deepEqual(counted, [
    [3, 10, 13],
    [0, 5, 5],
    [3, 15, 18],
    [100, 0, 100],
    [103, 15, 118],
  ]);
});
