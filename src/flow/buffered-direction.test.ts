import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { BufferedDirection } from "./buffered-direction.ts";
import { FLOW_LIMITS } from "./limits.ts";

/** A direction whose pace grants nothing until `open` is called, and what it wrote. */
function bench() {
  let granted = 0;
  let wake = (): void => {};
  const pace = {
    join: (onTurn: () => void) => {
      wake = onTurn;
      return { spend: (bytes: number) => Math.min(bytes, granted), leave: () => {} };
    },
  };
  const written: Buffer[] = [];
  const write = (chunk: Buffer): boolean => written.push(chunk) > 0;
  const from = new Duplex({ read() {}, write() {} });
  const direction = new BufferedDirection(
    { from, write, hold: () => {}, keeps: () => {}, fail: () => {} },
    { clock: new FakeClock(), pace },
  );
  const open = (): void => {
    granted = Number.POSITIVE_INFINITY;
    wake();
  };
  return { direction, from, written, open };
}

test("small chunks that wait for the line are joined, in order with large ones", () => {
  const { direction, written, open } = bench();
  const large = Buffer.alloc(FLOW_LIMITS.smallChunkBytes.value, "L");
  let sent = "";
  for (const chunk of [...Array(5_000).fill(Buffer.from("a")), large, ...Array(5_000).fill(Buffer.from("b"))]) {
    sent += String(chunk);
    direction.take(chunk as Buffer);
  }
  assert.equal(direction.bytes, sent.length);
  open();
  assert.ok(Buffer.concat(written).toString() === sent);
  assert.equal(written.length, 3);
});

test("a small part of a large piece of memory is copied, and the memory given back at once", () => {
  const { direction, written, open } = bench();
  const slab = new ArrayBuffer(16_384);
  let releases = 0;
  direction.take(Buffer.from(slab, 0, 2_048), () => {
    releases += 1;
  });
  assert.equal(releases, 1);
  open();
  assert.deepEqual([written.length, written[0]?.buffer === slab], [1, false]);
});

test("more than may wait for the line pauses its sender, until it has passed", () => {
  const { direction, from, open } = bench();
  assert.equal(direction.take(Buffer.alloc(FLOW_LIMITS.heldBytes.value)), true);
  assert.equal(from.isPaused(), false);
  assert.equal(direction.take(Buffer.alloc(1)), false);
  assert.equal(from.isPaused(), true);
  open();
  assert.deepEqual([from.isPaused(), direction.bytes], [false, 0]);
});
