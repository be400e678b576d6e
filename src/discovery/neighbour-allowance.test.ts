import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { ConnectionMeter } from "../overlay/connection-meter.ts";
import { OVERLAY_LIMITS } from "../overlay/limits.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

test("a neighbour may pass on at once all that strangers may send it of eight topics, and no more without end", () => {
  const { gossipPerPeriod, topics, gossipPerNeighbour } = DISCOVERY_LIMITS;
  const { envelopeBytes } = PEERS_LIMITS;
  const clock = new FakeClock();
  const most = gossipPerPeriod.value * topics.value;
  const meter = new ConnectionMeter({ clock }, () => {});
  for (let message = 0; message < most; message += 1) {
    assert.ok(meter.take("gossipMessages"));
    assert.ok(meter.take("gossipBytes", envelopeBytes.value * 2));
  }
  const { gossipMessageBurst, gossipMessagesPerSecond } = OVERLAY_LIMITS;
  for (let message = most; message < gossipMessageBurst.value; message += 1) assert.ok(meter.take("gossipMessages"));
  clock.advance(1_000);
  assert.equal(gossipMessagesPerSecond.value, gossipPerNeighbour.value);
  assert.ok(meter.take("gossipMessages", gossipMessagesPerSecond.value));
  assert.ok(!meter.take("gossipMessages"));
});
