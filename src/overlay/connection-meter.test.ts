import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { ConnectionMeter } from "./connection-meter.ts";
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
