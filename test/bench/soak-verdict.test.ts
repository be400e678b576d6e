import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeMemory } from "../../bench/soak-verdict.ts";

function samples(megabytes: (turn: number) => number): Parameters<typeof judgeMemory>[0] {
  return Array.from({ length: 360 }, (_, turn) => ({
    rssBytes: megabytes(turn) * 1e6,
    descriptors: 20,
    threads: 11,
  }));
}

test("memory that grew before the plateau and swings around it is fine", () => {
  const verdict = judgeMemory(samples((turn) => Math.min(200, 100 + 2 * turn) + (turn % 3)));
  assert.equal(verdict.ok, true);
  assert.equal(verdict.plateauBytes, 201e6);
  assert.equal(verdict.mostBytes, 202e6);
});

test("memory that goes on growing is not", () => {
  const verdict = judgeMemory(samples((turn) => 200 + turn / 10));
  assert.equal(verdict.ok, false);
  assert.ok(verdict.growth > 1.09 && verdict.growth < 1.1, String(verdict.growth));
});

test("one high sample at the end is no growth", () => {
  assert.equal(judgeMemory(samples((turn) => (turn === 359 ? 900 : 200))).ok, true);
});

test("a dip into which the plateau's median falls makes no growth of what comes back", () => {
  const verdict = judgeMemory(samples((turn) => (turn > 95 && turn < 160 ? 150 : 200)));
  assert.ok(verdict.growth > 1.3);
  assert.equal(verdict.ok, true);
});

test("steps that rise are growth", () => {
  assert.equal(judgeMemory(samples((turn) => (turn % 4 < 2 ? 150 : 200) + turn / 10)).ok, false);
});
