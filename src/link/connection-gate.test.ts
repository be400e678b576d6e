import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import { ConnectionGate } from "./connection-gate.ts";
import { LINK_LIMITS } from "./limits.ts";

const BOUNDS = {
  all: { perSecond: 100, burst: 20 },
  quiet: { perSecond: 1, burst: 1 },
  network: { perSecond: 10, burst: 5 },
};

function setUp(bounds = BOUNDS) {
  const clock = new FakeClock();
  const refusals = new RefusalCounts();
  const gate = new ConnectionGate({ clock, refusals }, bounds);
  const admitted = (count: number, address: (n: number) => string): number =>
    Array.from({ length: count }, (_, n) => gate.admit(address(n))).filter(Boolean).length;
  return { clock, refusals, gate, admitted };
}

test("one network has its burst and its rate, however it spreads over its addresses, and delays nobody else", () => {
  const { clock, refusals, gate, admitted } = setUp();
  assert.equal(
    admitted(50, (n) => `192.0.2.${n}`),
    5,
  );
  assert.equal(
    admitted(50, (n) => `2001:db8:0:${n}::1`),
    5,
  );
  assert.ok(gate.admit("192.0.3.1"));
  assert.ok(gate.admit("2001:db8:1::1"));
  assert.deepEqual(refusals.counts, { "connection rate of one network": 90 });
  // Ten seconds of a flood: what was refused costs nothing of what comes.
  let flood = 0;
  for (let ms = 0; ms < 10_000; ms += 1) {
    clock.advance(1);
    if (gate.admit("192.0.2.77")) flood += 1;
  }
  assert.equal(flood, 100);
});

test("all together have a burst and a rate, also without an address", () => {
  const { clock, refusals, admitted } = setUp();
  assert.equal(
    admitted(50, (n) => `192.0.${n % 10}.1`),
    20,
  );
  assert.equal(
    admitted(1, () => ""),
    0,
  );
  clock.advance(100);
  assert.equal(
    admitted(50, () => ""),
    10,
  );
  assert.equal(refusals.counts["connection rate"], 71);
});

test("while others use up what everybody has, those that were quiet come in, as fast as they may", () => {
  const { clock, gate, admitted } = setUp({ ...BOUNDS, quiet: { perSecond: 1, burst: 3 } });
  assert.equal(
    admitted(50, (n) => `192.0.${n % 10}.1`),
    20,
  );
  assert.equal(
    admitted(50, (n) => `10.0.${n}.1`),
    3,
  );
  assert.equal(gate.admit("10.0.0.1"), false);
  clock.advance(1_000);
  assert.ok(gate.admit("10.1.0.1"));
});

test("networks are forgotten once that changes nothing, and are never more than may be", () => {
  const { clock, gate, admitted } = setUp({ ...BOUNDS, all: { perSecond: 1e6, burst: 1e6 } });
  const { value } = LINK_LIMITS.knownNetworks;
  const spread = (n: number): string => `10.${n >> 8}.${n & 255}.1`;
  assert.equal(admitted(value + 100, spread), value + 100);
  assert.equal(gate.networks, value);
  clock.advance(1_000);
  assert.ok(gate.admit("192.0.2.1"));
  assert.equal(gate.networks, 1);
});

test("by default, honest bursts come through", () => {
  const clock = new FakeClock();
  const gate = new ConnectionGate({ clock });
  for (let n = 0; n < 64; n += 1) assert.ok(gate.admit("192.0.2.1"));
  for (let n = 0; n < 200; n += 1) assert.ok(gate.admit(`10.${n}.0.1`));
});
