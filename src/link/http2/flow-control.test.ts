import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ReceiveCredit, SendWindow } from "./flow-control.ts";
import { HIGHEST_31_BIT } from "./frame-format.ts";

test("a send window is used up, is widened, and may fall below zero", () => {
  const window = new SendWindow(100);
  window.take(60);
  assert.equal(window.bytes, 40);
  assert.equal(window.shift(-100), true);
  assert.equal(window.bytes, -60);
  assert.equal(window.shift(70), true);
  assert.equal(window.bytes, 10);
});

test("a send window of 2^31-1 is whole, and one more is refused without a change", () => {
  const window = new SendWindow(65_535);
  assert.equal(window.shift(HIGHEST_31_BIT - 65_535), true);
  assert.equal(window.bytes, HIGHEST_31_BIT);
  assert.equal(window.shift(1), false);
  assert.equal(window.bytes, HIGHEST_31_BIT);
  window.take(1);
  assert.equal(window.shift(1), true);
  assert.equal(window.shift(HIGHEST_31_BIT), false);
});

test("a peer may fill its window to the last byte, and no further", () => {
  const credit = new ReceiveCredit(1_000);
  assert.equal(credit.arrive(999), true);
  assert.equal(credit.arrive(2), false);
  assert.equal(credit.arrive(1), true);
  assert.equal(credit.arrive(1), false);
  assert.equal(credit.arrive(0), true);
});

test("what is consumed is given back a quarter of the window at a time", () => {
  const credit = new ReceiveCredit(1_000);
  assert.equal(credit.arrive(1_000), true);
  assert.equal(credit.consume(249), 0);
  assert.equal(credit.consume(1), 250);
  assert.equal(credit.left, 250);
  assert.equal(credit.consume(750), 750);
  assert.equal(credit.left, 1_000);
});

test("a window that becomes smaller counts what is under way, and one that becomes wider opens at once", () => {
  const credit = new ReceiveCredit(1_000);
  assert.equal(credit.arrive(600), true);
  credit.resize(100);
  assert.equal(credit.left, -500);
  assert.equal(credit.arrive(1), false);
  assert.equal(credit.consume(600), 600);
  assert.equal(credit.left, 100);
  credit.resize(5_000);
  assert.equal(credit.left, 5_000);
});

test("whatever a peer that keeps to its window sends, it is never held up for good, and never has more than the window", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 50_000 }), fc.integer({ min: 0, max: 50_000 })), { maxLength: 50 }),
      (size, steps) => {
        const credit = new ReceiveCredit(size);
        const peer = new SendWindow(size);
        let waiting = 0;
        for (const [wanted, read] of steps) {
          const sent = Math.min(wanted, peer.bytes);
          peer.take(sent);
          assert.equal(credit.arrive(sent), true);
          waiting += sent;
          const taken = Math.min(read, waiting);
          waiting -= taken;
          const increment = credit.consume(taken);
          if (increment > 0) assert.equal(peer.shift(increment), true);
          assert.ok(waiting <= size);
          assert.equal(peer.bytes, credit.left);
        }
        const increment = credit.consume(waiting);
        if (increment > 0) peer.shift(increment);
        assert.ok(peer.bytes > 0);
      },
    ),
  );
});
