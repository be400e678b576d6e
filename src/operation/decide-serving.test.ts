import assert from "node:assert/strict";
import { test } from "node:test";
import { decideServing, type ServingFacts } from "./decide-serving.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const FREE: ServingFacts = { nowMs: NOW, isDraining: false, isPaused: false };
const volume = (usedBytes: number, leftMs = 86_400_000): NonNullable<ServingFacts["volume"]> => ({
  capBytes: 100e9,
  usedBytes,
  leftMs,
});
const afterHours = (forMs: number, opensInMs: number): NonNullable<ServingFacts["afterHours"]> => ({
  forMs,
  opensMs: NOW + opensInMs,
});

type Row = readonly [
  facts: Partial<ServingFacts>,
  state: string,
  code: string | undefined,
  by: string | undefined,
  retryAfterSec: number | undefined,
  endsStreams: boolean,
];

const ROWS: readonly Row[] = [
  [{}, "serving", undefined, undefined, undefined, false],
  [{ volume: volume(94e9) }, "serving", undefined, undefined, undefined, false],
  [{ volume: volume(95e9) }, "closed", "ERR_NODE_LIMIT", "monthly volume", 3600, false],
  [{ volume: volume(95e9, 90_000) }, "closed", "ERR_NODE_LIMIT", "monthly volume", 120, false],
  [{ volume: volume(100e9) }, "closed", "ERR_NODE_LIMIT", "monthly volume", 3600, true],
  [{ afterHours: afterHours(0, 36_000_000) }, "closed", "ERR_NODE_CLOSED", "hours", 36_000, false],
  [{ afterHours: afterHours(299_999, 1000) }, "closed", "ERR_NODE_CLOSED", "hours", 60, false],
  [{ afterHours: afterHours(300_000, 60_000) }, "closed", "ERR_NODE_CLOSED", "hours", 60, true],
  [{ isPaused: true }, "paused", "ERR_NODE_CLOSED", "paused", 300, false],
  [{ isPaused: true, volume: volume(100e9) }, "paused", "ERR_NODE_CLOSED", "paused", 300, true],
  [{ isPaused: true, isDraining: true }, "draining", "ERR_NODE_CLOSED", "draining", 300, false],
];

test("who closes the node, with which answer, and what becomes of the streams that stand", () => {
  for (const [facts, state, code, by, retryAfterSec, endsStreams] of ROWS) {
    const { orders, serving } = decideServing({ ...FREE, ...facts });
    const name = JSON.stringify(facts);
    assert.equal(serving.state, state, name);
    assert.deepEqual(
      [orders.refusal?.code, orders.refusal?.by, orders.refusal?.retryAfterSec],
      [code, by, retryAfterSec],
      name,
    );
    assert.equal(orders.endsStreams, endsStreams, name);
  }
});

test("the slower of the operator's speed and the volume's counts", () => {
  const speed = (facts: Partial<ServingFacts>): number | undefined =>
    decideServing({ ...FREE, ...facts }).orders.bytesPerSecond;
  assert.equal(speed({}), undefined);
  assert.equal(speed({ bytesPerSecond: 2_500_000 }), 2_500_000);
  assert.equal(speed({ volume: volume(10e9) }), 4_500_000_000);
  assert.equal(speed({ bytesPerSecond: 2_500_000, volume: volume(10e9) }), 2_500_000);
  assert.equal(speed({ bytesPerSecond: 2_500_000, volume: volume(85e9, 10_000_000) }), 500_000);
});

test("a closed node says why and until when", () => {
  assert.deepEqual(decideServing({ ...FREE, afterHours: afterHours(0, 3_600_000) }).serving, {
    state: "closed",
    reason: "outside its hours",
    until: "2026-11-21T13:00:00.000Z",
  });
});
