import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/fake-clock.ts";
import { generateIdentity } from "../../identity/identity.ts";
import { PEERS_LIMITS } from "../../peers/limits.ts";
import { openAdvertisement } from "../../peers/signed-advertisement.ts";
import type { Advertisement } from "../../wire/advertisement.ts";
import { type AdvertisedFacts, Advertiser } from "./advertiser.ts";
import { SELF_LIMITS } from "./limits.ts";

const { renewMs } = PEERS_LIMITS;
const { resignMs, reviewMs } = SELF_LIMITS;

function setUp(clock = new FakeClock()) {
  const facts: { -readonly [K in keyof AdvertisedFacts]: AdvertisedFacts[K] } = {
    roles: ["exit"],
    endpoints: [{ host: "127.0.0.1", port: 1 }],
    protocols: ["tcp"],
    policy: { acceptedPorts: [] },
    software: "byway/0.1.0",
    load: 0.1,
  };
  const published: Advertisement[] = [];
  const node = new Advertiser(
    {
      identity: generateIdentity(),
      clock,
      publish: (envelope) =>
        void published.push(openAdvertisement(envelope, { nowMs: clock.nowMs(), localNetwork: true })),
    },
    () => ({ ...facts }),
  );
  return { clock, facts, node, published };
}

test("a node signs again every quarter of an hour, with a higher seq and the facts of then, until it stops", () => {
  const { clock, facts, node, published } = setUp();
  const first = node.advertisement;
  assert.equal(first.load, 0.1);
  node.start();
  node.start();
  facts.upMbps = 50;
  clock.advance(renewMs.value - 1);
  assert.deepEqual(published, []);
  clock.advance(1);
  assert.equal(published.length, 1);
  assert.equal(node.advertisement.upMbps, 50);
  assert.ok(node.advertisement.seq > first.seq);
  assert.equal(node.advertisement.expiresAtSec - first.expiresAtSec, renewMs.value / 1000);
  clock.advance(4 * renewMs.value);
  assert.equal(published.length, 5);
  node.stop();
  assert.equal(clock.pending, 0);
});

test("a load that moved by a quarter is told before its time, a smaller move is not", () => {
  const { clock, facts, node, published } = setUp();
  node.start();
  facts.load = 0.3;
  clock.advance(renewMs.value - reviewMs.value);
  assert.equal(published.length, 0);
  facts.load = 0.35;
  clock.advance(reviewMs.value);
  assert.equal(published.length, 1);
  clock.advance(resignMs.value);
  facts.load = 0.1;
  clock.advance(reviewMs.value);
  assert.deepEqual(
    published.map(({ load }) => load),
    [0.35, 0.1],
  );
});

test("however the load jumps and whatever changes, no more than one a minute is signed", () => {
  const { clock, facts, node, published } = setUp();
  node.start();
  const minutes = 10;
  for (let step = 0; step < (minutes * resignMs.value) / reviewMs.value; step += 1) {
    facts.load = step % 2;
    node.changed();
    clock.advance(reviewMs.value);
  }
  assert.ok(published.length <= minutes && published.length >= minutes - 1, String(published.length));
  const gaps = published.slice(1).map(({ issuedAtSec }, at) => issuedAtSec - (published[at]?.issuedAtSec ?? 0));
  assert.ok(gaps.every((gap) => gap >= resignMs.value / 1000));
});

test("a fact that changed is told after a minute, and once", () => {
  const { clock, node, published } = setUp();
  node.start();
  node.changed();
  clock.advance(resignMs.value);
  assert.equal(published.length, 1);
  clock.advance(renewMs.value - reviewMs.value);
  assert.equal(published.length, 1);
});

test("a machine that slept, or whose clock was set back, signs at once", () => {
  class JumpingClock extends FakeClock {
    jumpMs = 0;
    override nowMs(): number {
      return super.nowMs() + this.jumpMs;
    }
  }
  const clock = new JumpingClock();
  const { node, published } = setUp(clock);
  node.start();
  clock.jumpMs = 3_600_000;
  clock.advance(reviewMs.value);
  assert.equal(published.length, 1);
  clock.jumpMs = 3_600_000 - 200_000;
  clock.advance(resignMs.value);
  assert.equal(published.length, 2);
  assert.ok((published[1]?.seq ?? 0) > (published[0]?.seq ?? 0));
  // Others refuse a number that is far ahead of its time.
  clock.jumpMs = -3_600_000;
  clock.advance(resignMs.value);
  assert.equal(published[2]?.seq, clock.nowMs());
});
