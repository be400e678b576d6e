import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { ConnectionMeter, type Metered } from "./connection-meter.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

test("what a connection may do refills, and one that does more is ended once and for all", () => {
  const clock = new FakeClock();
  const ends: Error[] = [];
  const meter = new ConnectionMeter({ clock }, (error) => ends.push(error));
  const { streamBurst, streamsPerSecond } = OVERLAY_LIMITS;
  for (let opened = 0; opened < streamBurst.value; opened += 1) assert.ok(meter.take("streams"));
  clock.advance(1_000);
  for (let opened = 0; opened < streamsPerSecond.value; opened += 1) assert.ok(meter.take("streams"));
  assert.ok(meter.take("gossip"), "each allowance is its own");
  assert.deepEqual(ends, []);
  assert.ok(!meter.take("streams"));
  clock.advance(60_000);
  assert.ok(!meter.take("streams"));
  assert.ok(!meter.take("gossip"));
  assert.equal(ends.length, 1);
});

test("each of the allowances ends a connection that passes it", () => {
  const limits = OVERLAY_LIMITS;
  const bursts: Readonly<Record<Metered, number>> = {
    streams: limits.streamBurst.value,
    frames: limits.frameBurst.value,
    gossip: limits.gossipEntryBurst.value,
    gossipMessages: limits.gossipMessageBurst.value,
    gossipBytes: limits.gossipByteBurst.value,
    junk: limits.junkFrames.value,
    pieces: limits.pieceBurst.value,
  };
  for (const [what, burst] of Object.entries(bursts) as [Metered, number][]) {
    const ends: Error[] = [];
    const meter = new ConnectionMeter({ clock: new FakeClock() }, (error) => ends.push(error));
    assert.ok(meter.take(what, burst), what);
    assert.ok(!meter.take(what), what);
    assert.match(ends.join(), new RegExp(`allowance of ${what}$`));
  }
});
