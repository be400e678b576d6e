import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { TokenBucket } from "../rate/token-bucket.ts";
import { ExitPace } from "./exit-pace.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

/** What an exit of `perSecond` takes and refuses when a client offers it all that the pace allows, for `seconds`. */
function offered(pace: ExitPace, perSecond: number, seconds: number): { taken: number[]; refused: number[] } {
  const exit = new TokenBucket({ perSecond, burst: (perSecond * 400) / 1000 });
  const taken: number[] = Array.from({ length: seconds }, () => 0);
  const refused = [...taken];
  for (let nowMs = 0; nowMs < seconds * 1_000; nowMs += 1) {
    const second = Math.floor(nowMs / 1_000);
    // Ten a millisecond while nothing is known: a burst of many requests at once.
    for (let n = 0; n < 10 && pace.waitMs(nowMs) === 0; n += 1) {
      pace.begin(nowMs);
      if (exit.tryTake(nowMs)) {
        pace.noteTaken(nowMs);
        taken[second] = (taken[second] ?? 0) + 1;
      } else {
        pace.noteRefused(nowMs);
        refused[second] = (refused[second] ?? 0) + 1;
      }
    }
  }
  return { taken, refused };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

suite("the pace of an exit", () => {
  for (const perSecond of [5, 20, 100, 500]) {
    test(`of ${perSecond} streams a second is learned within seconds, with few refusals`, () => {
      const { taken, refused } = offered(new ExitPace(), perSecond, 20);
      const later = sum(taken.slice(5)) / 15;
      assert.ok(later > perSecond * 0.75 && later <= perSecond * 1.05, `${later} a second`);
      assert.ok(sum(refused) < sum(taken) * 0.1 + 20, `${sum(refused)} refused, ${sum(taken)} taken`);
    });
  }

  test("is free until it refuses, and again half a minute after it refused last", () => {
    const pace = new ExitPace();
    for (let n = 0; n < 1_000; n += 1) {
      assert.equal(pace.waitMs(0), 0);
      pace.begin(0);
      pace.noteTaken(0);
    }
    pace.begin(0);
    pace.noteRefused(0);
    pace.begin(0);
    assert.ok(pace.waitMs(0) > 0);
    assert.ok(pace.isPaced(DISPATCH_LIMITS.paceForgetMs.value - 1));
    assert.equal(pace.waitMs(DISPATCH_LIMITS.paceForgetMs.value), 0);
  });

  test("counts what was begun and not answered when the first refusal comes, and is lowered to what was taken", () => {
    const pace = new ExitPace();
    for (let n = 0; n < 48; n += 1) pace.begin(0);
    for (let n = 0; n < 8; n += 1) pace.noteRefused(0);
    // 47 at once are a burst of 118 a second, less 15 %.
    assert.equal(Math.round(1_000 / pace.waitMs(0)), 100);
    for (let n = 0; n < 10; n += 1) pace.noteTaken(1);
    for (const nowMs of [250, 260]) pace.noteRefused(nowMs);
    const before = pace.waitMs(260);
    pace.begin(260);
    assert.equal(Math.round(1_000 / (pace.waitMs(260) - before)), 27);
  });

  test("is cut once for refusals that come together", () => {
    const [one, many] = [new ExitPace(), new ExitPace()];
    for (const pace of [one, many]) for (let n = 0; n < 100; n += 1) pace.noteTaken(0);
    one.noteRefused(0);
    many.noteRefused(0);
    for (let n = 0; n < 30; n += 1) many.noteRefused(1);
    assert.ok(Math.abs(one.waitMs(1) - many.waitMs(1)) < 0.01);
  });

  test("of one that refuses everything is none: it is full, tried after 1, 2, 4 and 8 s", () => {
    const pace = new ExitPace();
    const triedMs: number[] = [];
    for (let nowMs = 0; nowMs < 40_000; nowMs += 10) {
      if (pace.waitMs(nowMs) > 0) continue;
      pace.begin(nowMs);
      pace.noteRefused(nowMs);
      triedMs.push(nowMs);
    }
    assert.deepEqual(
      triedMs.slice(1).map((atMs, index) => atMs - (triedMs[index] ?? 0)),
      [1_000, 1_000, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000],
    );
    assert.ok(pace.isFull(triedMs.at(-1) ?? 0));
    pace.noteTaken(triedMs.at(-1) ?? 0);
    assert.ok(!pace.isFull(triedMs.at(-1) ?? 0));
  });

  test("of one that is full is known again when a stream to it ends: it is tried, and full again if it refuses for 2 s", () => {
    const pace = new ExitPace();
    let nowMs = 0;
    const refuseUntilFull = (): void => {
      const untilMs = nowMs + 10_000;
      for (; !pace.isFull(nowMs) && nowMs < untilMs; nowMs += 10) {
        if (pace.waitMs(nowMs) > 0) continue;
        pace.begin(nowMs);
        pace.noteRefused(nowMs);
      }
    };
    refuseUntilFull();
    assert.ok(pace.isFull(nowMs));
    pace.noteEnded(nowMs);
    assert.ok(!pace.isFull(nowMs) && !pace.takesNothing);
    assert.ok(pace.waitMs(nowMs) <= 1_000, "a request waits for its turn, and is not refused");
    const freedMs = nowMs;
    refuseUntilFull();
    assert.ok(pace.isFull(nowMs) && nowMs - freedMs >= 2_000);
  });
});
