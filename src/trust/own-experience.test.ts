import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../core/fake-clock.ts";
import { DAY_MS } from "../core/units.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import { TRUST_LIMITS } from "./limits.ts";
import { OwnExperience } from "./own-experience.ts";

const WINDOW_MS = TRUST_LIMITS.windowMs.value;

interface Site {
  readonly clock: FakeClock;
  readonly records: MemoryRecords;
  readonly changed: string[];
  readonly trust: OwnExperience;
  /** One that read what was kept. */
  again(): OwnExperience;
}

function site(): Site {
  const clock = new FakeClock();
  const records = new MemoryRecords();
  const changed: string[] = [];
  const open = (): OwnExperience => {
    const experience = new OwnExperience({ clock, records });
    experience.onChange((peerId) => changed.push(peerId));
    return experience;
  };
  return { clock, records, changed, trust: open(), again: open };
}

function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}

test("nothing is known of a node that was never noted", () => {
  const { trust } = site();
  assert.deepEqual(trust.trustOf("n"), { score: 0.5, observations: 0 });
  assert.equal(trust.expectedMs("n"), undefined);
});

const SEQUENCES: readonly (readonly [seen: string, score: number, observations: number])[] = [
  ["+", 2 / 3, 1],
  ["++", 3 / 4, 2],
  ["-", 1 / 5, 3],
  ["--", 1 / 8, 6],
  ["+-", 2 / 6, 4],
  ["-+", 2 / 6, 4],
  // More than two in one window: only their ratio counts, and together they weigh as two did.
  ["+++++", 3 / 4, 2],
  ["-----", 1 / 8, 6],
  ["+++-", (1 + 1.5) / (2 + 1.5 + 1.5), 3],
  // Later windows each bring their own.
  ["+|+", 3 / 4, 2],
  ["++|++|++", 7 / 8, 6],
  ["++|-", 3 / 7, 5],
];
for (const [seen, score, observations] of SEQUENCES) {
  test(`${seen} gives a score of ${score.toFixed(3)}`, () => {
    const { clock, trust } = site();
    for (const sign of seen) {
      if (sign === "+") trust.noteSuccess("n");
      else if (sign === "-") trust.noteFailure("n");
      else clock.advance(WINDOW_MS);
    }
    // What decayed in an hour at the most.
    const found = trust.trustOf("n");
    assert.ok(Math.abs(found.score - score) < 0.001, `${found.score}`);
    assert.ok(Math.abs(found.observations - observations) < 0.01, `${found.observations}`);
  });
}

test("evidence decays by 0.99 a day, exactly, and however often it is asked or added to", () => {
  const { clock, trust } = site();
  trust.noteSuccess("n");
  clock.advance(DAY_MS / 2);
  assertNear(trust.trustOf("n").observations, 0.99 ** 0.5);
  clock.advance(DAY_MS / 2);
  assertNear(trust.trustOf("n").observations, 0.99);
  assertNear(trust.trustOf("n").score, 1.99 / 2.99);
  trust.noteFailure("n");
  clock.advance(99 * DAY_MS);
  assertNear(trust.trustOf("n").observations, 0.99 ** 100 + 3 * 0.99 ** 99);
  clock.advance(3_000 * DAY_MS);
  assert.ok(Math.abs(trust.trustOf("n").score - 0.5) < 1e-6);
});

test("ten thousand successes of one hour weigh as eight do", () => {
  const { clock, trust } = site();
  for (let n = 0; n < 10_000; n++) {
    if (n % 2_500 === 0 && n > 0) clock.advance(WINDOW_MS);
    trust.noteSuccess("busy");
  }
  const { observations } = trust.trustOf("busy");
  assert.ok(observations > 7.9 && observations <= 8, `${observations}`);
});

test("the best node there can be is below a half after six quarters of failures", () => {
  const { clock, trust } = site();
  for (let n = 0; n < 5_000; n++) {
    trust.noteSuccess("saint");
    trust.noteSuccess("saint");
    clock.advance(WINDOW_MS);
  }
  assert.ok(trust.trustOf("saint").score > 0.98);
  assert.ok(trust.trustOf("saint").observations <= TRUST_LIMITS.evidence.value);
  const scores = Array.from({ length: 6 }, () => {
    trust.noteFailure("saint");
    trust.noteFailure("saint");
    const { score } = trust.trustOf("saint");
    clock.advance(WINDOW_MS);
    return score;
  });
  assert.deepEqual(
    scores,
    scores.toSorted((a, b) => b - a),
  );
  assert.ok((scores[0] ?? 1) < 0.9 && (scores[4] ?? 0) > 0.5 && (scores[5] ?? 1) < 0.5, `${scores}`);
});

test("a busy node that fails once in a hundred keeps its name", () => {
  const { clock, trust } = site();
  for (let n = 1; n <= 10_000; n++) {
    if (n % 100 === 0) trust.noteFailure("n");
    else trust.noteSuccess("n");
    if (n % 200 === 0) clock.advance(WINDOW_MS);
  }
  assert.ok(trust.trustOf("n").score > 0.94, `${trust.trustOf("n").score}`);
});

test("mean and deviation are those of RFC 6298, and tell when an answer is to be expected", () => {
  const { trust } = site();
  trust.noteSuccess("n", 100);
  assert.equal(trust.expectedMs("n"), 100 + 4 * 50);
  trust.noteSuccess("n", 180);
  // deviation: 3/4 · 50 + 1/4 · 80; mean: 7/8 · 100 + 1/8 · 180.
  assert.equal(trust.expectedMs("n"), 110 + 4 * 57.5);
  trust.noteSuccess("n");
  trust.noteFailure("n");
  assert.equal(trust.expectedMs("n"), 110 + 4 * 57.5);
  for (const odd of [Number.NaN, -1]) trust.noteSuccess("n", odd);
  assert.equal(trust.expectedMs("n"), 110 + 4 * 57.5);
  trust.noteSuccess("n", Number.POSITIVE_INFINITY);
  assert.ok((trust.expectedMs("n") ?? Number.POSITIVE_INFINITY) < 5 * TRUST_LIMITS.longestMs.value);
});

test("unsteady answers cost a quarter at the most, and steady or very quick ones nothing", () => {
  const { trust } = site();
  for (let n = 0; n < 200; n++) {
    trust.noteSuccess("steady", 300);
    trust.noteSuccess("unsteady", n % 2 === 0 ? 20 : 5_000);
    trust.noteSuccess("near", n % 2 === 0 ? 0.2 : 2);
    if (n === 0) assert.equal(trust.trustOf("steady").score, 2 / 3);
  }
  assert.ok(trust.trustOf("steady").score > 0.7499);
  assert.ok(trust.trustOf("near").score > 0.74);
  const { score } = trust.trustOf("unsteady");
  assert.ok(score >= 0.75 * 0.75 && score < 0.6, `${score}`);
});

test("when four nodes have failed and none succeeded, nobody else loses their name for it", () => {
  const { trust } = site();
  for (const peer of ["a", "b", "c", "d", "e", "f", "a"]) trust.noteFailure(peer);
  assert.equal(trust.trustOf("d").observations, 3);
  assert.equal(trust.trustOf("a").observations, 3);
  assert.equal(trust.trustOf("e").observations, 0);
  trust.noteSuccess("g");
  trust.noteFailure("e");
  assert.equal(trust.trustOf("e").observations, 3);
});

test("each change is told, and the node noted longest ago goes when there are too many", () => {
  const { trust, changed, again } = site();
  trust.noteSuccess("first");
  trust.noteFailure("second");
  trust.noteSuccess("first", 5);
  assert.deepEqual(changed, ["first", "second", "first"]);
  for (let n = 2; n <= TRUST_LIMITS.rememberedNodes.value; n++) trust.noteSuccess(`n${n}`);
  assert.deepEqual(changed.slice(-2), ["second", `n${TRUST_LIMITS.rememberedNodes.value}`]);
  assert.equal(trust.size, TRUST_LIMITS.rememberedNodes.value);
  assert.equal(trust.trustOf("second").observations, 0);
  assert.equal(trust.trustOf("first").observations, 2);
  assert.equal(again().size, TRUST_LIMITS.rememberedNodes.value);
});

test("what was seen is there after a restart, with the time that went by", () => {
  const { clock, trust, again } = site();
  for (let n = 0; n < 10; n++) trust.noteSuccess("good", 40 + n);
  trust.noteFailure("bad");
  clock.advance(10 * DAY_MS);
  const other = again();
  for (const peer of ["good", "bad", "none"]) {
    assert.deepEqual(other.trustOf(peer), trust.trustOf(peer));
    assert.equal(other.expectedMs(peer), trust.expectedMs(peer));
  }
});

test("what was kept and cannot be ours is dropped, and so is what the future wrote", () => {
  const { clock, records, again } = site();
  const bad = [null, "x", [], [1, 2], [1, 1, "now", 0, 0, 0, 0, 0], [-1, 1, 1, 1, 1, 1, 1, 1], { good: 1 }];
  for (const [n, value] of bad.entries()) records.put("experience", `bad${n}`, value);
  records.put("experience", "future", [5, 0, clock.nowMs() + 400 * DAY_MS, 0, 0, 0, 0, 0]);
  const trust = again();
  assert.equal(trust.size, 1);
  assert.equal([...records.load("experience")].length, 1);
  clock.advance(DAY_MS);
  assertNear(trust.trustOf("future").observations, 5 * 0.99);
});

test("after a restart it is still the node noted longest ago that goes", () => {
  const { clock, records, again } = site();
  for (let n = 0; n < TRUST_LIMITS.rememberedNodes.value; n++) {
    // As a file gives them: by name, not by age.
    const atMs = clock.nowMs() - (n === 7 ? 2 * DAY_MS : DAY_MS);
    records.put("experience", `n${n}`, [1, 0, atMs, 0, 0, 0, 0, 0]);
  }
  const trust = again();
  trust.noteSuccess("new");
  assert.equal(trust.trustOf("n7").observations, 0);
  assert.ok(trust.trustOf("n0").observations > 0);
});

test("a clock that is set back makes nothing younger, and does not hold a window open", () => {
  const clock = new FakeClock();
  let backMs = 0;
  const moved = {
    nowMs: () => clock.nowMs() - backMs,
    monotonicMs: () => clock.monotonicMs(),
    after: clock.after.bind(clock),
    every: clock.every.bind(clock),
  };
  const trust = new OwnExperience({ clock: moved, records: new MemoryRecords() });
  trust.noteSuccess("n");
  trust.noteSuccess("n");
  backMs = 300 * DAY_MS;
  assert.equal(trust.trustOf("n").observations, 2);
  trust.noteSuccess("n");
  assert.equal(trust.trustOf("n").observations, 3);
});

test("a stopped one notes nothing, since what fails then is no node's fault", () => {
  const { trust, changed } = site();
  trust.noteSuccess("n");
  trust.stop();
  trust.stop();
  trust.noteFailure("n");
  trust.noteSuccess("m");
  assert.deepEqual(changed, ["n"]);
  assert.equal(trust.trustOf("n").observations, 1);
});

test("property: a score stays within its bounds, a success never lowers it, a failure never raises it", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("success" as const), ms: fc.option(fc.integer({ min: 0, max: 1 << 30 })) }),
    fc.record({ kind: fc.constant("failure" as const) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 40 * DAY_MS }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { clock, trust, again } = site();
      let isMeasured = false;
      for (const at of steps) {
        const before = trust.trustOf("n").score;
        if (at.kind === "wait") clock.advance(at.ms);
        else if (at.kind === "failure") trust.noteFailure("n");
        else trust.noteSuccess("n", at.ms ?? undefined);
        const { score, observations } = trust.trustOf("n");
        assert.ok(score > 0 && score < 1 && observations >= 0 && observations <= TRUST_LIMITS.evidence.value + 1e-9);
        isMeasured ||= at.kind === "success" && at.ms !== null;
        if (at.kind === "failure") assert.ok(score <= before + 1e-12);
        if (at.kind === "success" && !isMeasured) assert.ok(score >= before - 1e-12);
      }
      assert.deepEqual(again().trustOf("n"), trust.trustOf("n"));
    }),
  );
});
