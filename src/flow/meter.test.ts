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

test("a link that gets a payer counts for it from then on, and for the node once", () => {
  const node = new Meter();
  const payer = new Meter(node);
  const link = new Meter(node);
  const stream = new Meter(link);
  stream.down.add(10);
  link.moveTo(payer);
  stream.down.add(5);
  stream.up.add(1);
  assert.deepEqual(
    [stream, link, payer, node].map(({ bytes }) => bytes),
    [16, 16, 6, 16],
  );
});
