import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/fake-clock.ts";
import { LoadSampler, type NodeUsage } from "./load-sampler.ts";

function setUp(bytesPerSecond: number | undefined) {
  const clock = new FakeClock();
  const usage: { -readonly [K in keyof NodeUsage]: NodeUsage[K] } = { bytes: 1_000_000, takenShare: 0 };
  const line = { bytesPerSecond };
  const meter = new LoadSampler({ clock, usage: () => usage, bytesPerSecond: () => line.bytesPerSecond });
  /** Carries so much for so long, looked at every five seconds. */
  const carry = (rate: number, seconds: number): number => {
    for (let second = 0; second < seconds; second += 5) {
      usage.bytes += 5 * rate;
      clock.advance(5_000);
      void meter.load;
    }
    return meter.load;
  };
  return { clock, usage, line, meter, carry };
}

test("a load is the share of the line that is in use, smoothed over a minute", () => {
  const { meter, carry } = setUp(1_000);
  assert.equal(meter.load, 0);
  // 1 - 1/e of the way after one minute.
  assert.equal(carry(500, 60), 0.3);
  assert.equal(carry(500, 600), 0.5);
  assert.equal(carry(0, 60), 0.2);
  assert.equal(carry(0, 600), 0);
  assert.equal(carry(5_000, 600), 1);
});

test("the tighter of bandwidth and places is told", () => {
  const { usage, carry } = setUp(1_000);
  usage.takenShare = 0.8;
  assert.equal(carry(500, 600), 0.8);
  assert.equal(carry(900, 600), 0.9);
});

test("without a known bandwidth places alone count", () => {
  const { usage, line, carry } = setUp(undefined);
  usage.takenShare = 0.25;
  assert.equal(carry(1e9, 600), 0.25);
  line.bytesPerSecond = 2e9;
  assert.equal(carry(1e9, 600), 0.5);
});

test("how often it is asked changes nothing", () => {
  const often = setUp(1_000);
  const seldom = setUp(1_000);
  often.carry(800, 60);
  seldom.usage.bytes += 60 * 800;
  seldom.clock.advance(60_000);
  assert.equal(often.meter.load, seldom.meter.load);
  for (let n = 0; n < 100; n += 1) void often.meter.load;
  assert.equal(often.meter.load, seldom.meter.load);
});
