import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../core/fake-clock.ts";
import { FLOW_LIMITS } from "./limits.ts";
import { LinePace } from "./line-pace.ts";
import type { LinkPace } from "./line-pace-link.ts";
import type { Pace, PacePlace } from "./pace.ts";

const RATE = 2_500_000;
const RUN_MS = 10_000;

const paces = new WeakMap<LinePace, LinkPace[]>();

/** The pace of one of several links on a line, the same each time. */
function paceOf(line: LinePace, link: number): LinkPace {
  const ofLine = paces.get(line) ?? [];
  paces.set(line, ofLine);
  ofLine[link] ??= line.openLink();
  return ofLine[link];
}

/** One who always has `message` bytes to pass, and the next as soon as they have. */
class Sender {
  passed = 0;
  /** The longest that one message took, in milliseconds. */
  slowestMs = 0;
  messages = 0;
  readonly passes: { atMs: number; bytes: number }[] = [];
  readonly #clock: FakeClock;
  readonly #message: number;
  readonly #place: PacePlace;
  #left: number;
  #sinceMs: number;
  #isDone = false;

  constructor(clock: FakeClock, pace: Pace, message: number) {
    this.#clock = clock;
    this.#message = message;
    this.#left = message;
    this.#sinceMs = clock.nowMs();
    this.#place = pace.join(() => this.ask());
  }

  ask(): void {
    while (!this.#isDone) {
      const bytes = this.#place.spend(this.#left);
      if (bytes > 0) this.passes.push({ atMs: this.#clock.nowMs(), bytes });
      this.passed += bytes;
      this.#left -= bytes;
      if (this.#left > 0) return;
      const now = this.#clock.nowMs();
      this.slowestMs = Math.max(this.slowestMs, now - this.#sinceMs);
      this.messages += 1;
      this.#left = this.#message;
      this.#sinceMs = now;
    }
  }

  stop(): void {
    this.#isDone = true;
    this.#place.leave();
  }
}

function sum(senders: readonly Sender[]): number {
  return senders.reduce((bytes, { passed }) => bytes + passed, 0);
}

/** The most that passed in any `windowMs`. */
function mostIn(windowMs: number, senders: readonly Sender[]): number {
  const passes = senders.flatMap(({ passes }) => passes).sort((a, b) => a.atMs - b.atMs);
  let [most, inside, from] = [0, 0, 0];
  for (const pass of passes) {
    inside += pass.bytes;
    for (let first = passes[from]; first && first.atMs <= pass.atMs - windowMs; first = passes[++from])
      inside -= first.bytes;
    most = Math.max(most, inside);
  }
  return most;
}

test("any mix of streams, sizes and speeds gets what the line allows, never more and hardly less", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 20_000, max: 200_000_000 }),
      fc.array(fc.record({ link: fc.nat(5), message: fc.integer({ min: 200, max: 300_000 }) }), {
        minLength: 1,
        maxLength: 20,
      }),
      (rate, plans) => {
        const clock = new FakeClock();
        const line = new LinePace({ clock }, { bytesPerSecond: rate });
        const senders = plans.map(({ link, message }) => new Sender(clock, paceOf(line, link), message));
        const runMs = rate > 20_000_000 ? 300 : 3_000;
        for (const sender of senders) sender.ask();
        clock.advance(runMs);
        const burst = Math.max((rate * FLOW_LIMITS.paceBurstMs.value) / 1000, FLOW_LIMITS.paceBurstBytes.value);
        assert.ok(sum(senders) <= (rate * runMs) / 1000 + burst + 1, `${sum(senders)} of ${(rate * runMs) / 1000}`);
        assert.ok(sum(senders) >= 0.95 * ((rate * runMs) / 1000), `${sum(senders)} of ${(rate * runMs) / 1000}`);
        const brief = 50;
        const piece = Math.max((rate * FLOW_LIMITS.pacePieceMs.value) / 1000, FLOW_LIMITS.pacePieceBytes.value);
        assert.ok(mostIn(brief, senders) <= (rate * brief) / 1000 + burst + piece);
        for (const sender of senders) sender.stop();
        assert.deepEqual([clock.pending, line.waiting], [0, 0]);
      },
    ),
    { numRuns: 60 },
  );
});

test("20 Mbit/s over ten seconds is 25 MB within a hundredth, and no 10 ms bring more than 30 ms worth", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const senders = [64_000, 16_384, 1_000].map((message, link) => new Sender(clock, paceOf(line, link), message));
  for (const sender of senders) sender.ask();
  clock.advance(RUN_MS);
  assert.ok(Math.abs(sum(senders) / (RATE * 10) - 1) < 0.01, `${sum(senders)}`);
  assert.ok(mostIn(10, senders) <= RATE * 0.03, `${mostIn(10, senders)}`);
});

test("what was quiet for long may not pass more at once than what was quiet for a moment", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  clock.advance(3_600_000);
  const sender = new Sender(clock, paceOf(line, 1), 1_000_000);
  sender.ask();
  assert.equal(sender.passed, RATE * 0.02);
});

test("links share alike, however many streams each has and however small its messages are", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const many = Array.from({ length: 50 }, () => new Sender(clock, paceOf(line, 1), 64_000));
  const one = [new Sender(clock, paceOf(line, 2), 64_000)];
  const small = Array.from({ length: 300 }, () => new Sender(clock, paceOf(line, 3), 300));
  for (const sender of [...many, ...one, ...small]) sender.ask();
  clock.advance(RUN_MS);
  const shares = [many, one, small].map((senders) => sum(senders) / (RATE * 10));
  for (const share of shares) assert.ok(share > 0.31 && share < 0.36, shares.join(" "));
  // The first of all had the burst.
  const streams = many.slice(1).map(({ passed }) => passed);
  assert.ok(Math.max(...streams) < 1.1 * Math.min(...streams), `${Math.min(...streams)} to ${Math.max(...streams)}`);
});

test("small messages behind a thousand bulk streams wait about one round, and on another link hardly at all", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const bulk = Array.from({ length: 1_000 }, () => new Sender(clock, paceOf(line, 1), 64_000));
  for (const sender of bulk) sender.ask();
  clock.advance(1_000);
  const beside = new Sender(clock, paceOf(line, 1), 100);
  const elsewhere = new Sender(clock, paceOf(line, 2), 100);
  beside.ask();
  elsewhere.ask();
  clock.advance(RUN_MS);
  // Two links share, so a round of the first takes twice its bytes.
  const roundMs = (2 * 1_000 * 1_001 * FLOW_LIMITS.pacePieceBytes.value) / RATE;
  assert.ok(beside.slowestMs <= 1.1 * roundMs && beside.messages > 5, `${beside.slowestMs} ms of ${roundMs}`);
  assert.ok(elsewhere.slowestMs <= 10 && elsewhere.messages > 1_000, `${elsewhere.slowestMs} ms`);
});

test("a link above its own speed waits while others use the line", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE, linkBytesPerSecond: 0.6 * RATE });
  const first = [0, 1, 2].map(() => new Sender(clock, paceOf(line, 1), 30_000));
  for (const sender of first) sender.ask();
  clock.advance(RUN_MS);
  const alone = sum(first) / (RATE * 10);
  assert.ok(alone > 0.57 && alone < 0.61, `${alone}`);
  const second = new Sender(clock, paceOf(line, 2), 30_000);
  second.ask();
  const before = sum(first);
  clock.advance(RUN_MS);
  const shares = [sum(first) - before, second.passed].map((bytes) => bytes / (RATE * 10));
  for (const share of shares) assert.ok(share > 0.48 && share < 0.52, shares.join(" "));
});

test("with a speed for links only, a link that waits does not hold up another for a moment", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { linkBytesPerSecond: 100_000 });
  const first = new Sender(clock, paceOf(line, 1), 30_000);
  first.ask();
  const second = paceOf(line, 2).join(() => assert.fail("it never waited"));
  assert.equal(second.spend(1_000), 1_000);
  clock.advance(RUN_MS);
  assert.ok(Math.abs(first.passed / 1_000_000 - 1) < 0.02, `${first.passed}`);
});

test("a short wait is not put off by a longer one that began before", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: 1_000_000, linkBytesPerSecond: 1_000 });
  const slow = new Sender(clock, paceOf(line, 1), 64_000);
  slow.ask();
  let resumedAtMs = 0;
  const startMs = clock.nowMs();
  const quick = paceOf(line, 2).join(() => {
    resumedAtMs = clock.nowMs();
    quick.spend(10);
  });
  quick.spend(4_608);
  quick.spend(10);
  clock.advance(1_000);
  assert.equal(resumedAtMs - startMs, 10);
});

test("the speed changes at once, for those too who wait, and no limit lets all go", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: 1_000 });
  const sender = new Sender(clock, paceOf(line, 1), 100_000);
  sender.ask();
  clock.advance(RUN_MS);
  line.setRate(RATE);
  const before = sender.passed;
  clock.advance(RUN_MS);
  assert.ok(Math.abs((sender.passed - before) / (RATE * 10) - 1) < 0.01);
  line.setRate(RATE / 10);
  const slower = sender.passed;
  clock.advance(RUN_MS);
  assert.ok(Math.abs((sender.passed - slower) / RATE - 1) < 0.01);
  sender.stop();
  let resumed = 0;
  const place = paceOf(line, 1).join(() => {
    resumed = place.spend(10_000_000);
  });
  place.spend(10_000_000);
  line.setRate(undefined);
  clock.advance(10);
  assert.equal(resumed, 10_000_000);
  assert.equal(clock.pending, 0);
});

test("a speed that is set for a line without one holds streams that stand already", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock });
  const place = paceOf(line, 1).join(() => {});
  assert.equal(place.spend(1e9), 1e9);
  line.setRate(RATE);
  assert.equal(place.spend(1e9), RATE * 0.02);
  place.leave();
});

test("who leaves while waiting leaves nothing, and the others go on", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const senders = Array.from({ length: 100 }, (_, index) => new Sender(clock, paceOf(line, index % 7), 64_000));
  for (const sender of senders) sender.ask();
  assert.equal(line.waiting, 100);
  for (const sender of senders.slice(1)) sender.stop();
  assert.equal(line.waiting, 1);
  clock.advance(RUN_MS);
  assert.ok(sum(senders.slice(0, 1)) > 0.95 * RATE * 10);
  senders[0]?.stop();
  assert.deepEqual([line.waiting, clock.pending], [0, 0]);
});

test("asking again before its turn brings nothing and costs no place", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const place = paceOf(line, 1).join(() => place.spend(1_000));
  place.spend(1_000_000);
  assert.deepEqual([place.spend(10), line.waiting], [0, 1]);
  clock.advance(10);
  assert.deepEqual([line.waiting, clock.pending], [0, 0]);
});

test("one may leave, and take others along, in the middle of its turn", () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const places: PacePlace[] = [];
  for (let index = 0; index < 10; index += 1) {
    places.push(
      paceOf(line, index % 2).join(() => {
        for (const place of places) place.leave();
      }),
    );
  }
  for (const place of places) place.spend(1e6);
  clock.advance(100);
  assert.deepEqual([line.waiting, clock.pending], [0, 0]);
});

test("a process that was late catches up, but not more than a quarter of a second", () => {
  const clock = new FakeClock();
  let lateMs = 0;
  const late = Object.assign(Object.create(clock), {
    monotonicMs: () => clock.monotonicMs() + lateMs,
    nowMs: () => clock.nowMs(),
    after: (delayMs: number, run: () => void) => clock.after(delayMs, run),
  });
  const line = new LinePace({ clock: late }, { bytesPerSecond: RATE });
  const sender = new Sender(clock, paceOf(line, 1), 10_000_000);
  sender.ask();
  clock.advance(1_000);
  const before = sender.passed;
  lateMs = 200;
  clock.advance(10);
  assert.ok(Math.abs((sender.passed - before) / (RATE * 0.21) - 1) < 0.1, `${(sender.passed - before) / RATE} s worth`);
  const after = sender.passed;
  lateMs = 10_000;
  clock.advance(10);
  assert.ok(sender.passed - after <= RATE * 0.285, `${(sender.passed - after) / RATE} s worth`);
});

test("datagrams keep to the speed, alone and beside bulk, and one now and then is never lost", () => {
  for (const withBulk of [false, true]) {
    const clock = new FakeClock();
    const line = new LinePace({ clock }, { bytesPerSecond: RATE });
    const bulk = withBulk ? [new Sender(clock, paceOf(line, 1), 64_000)] : [];
    for (const sender of bulk) sender.ask();
    const [flood, rare] = [paceOf(line, 2), paceOf(line, 3)];
    let [passed, lost] = [0, 0];
    for (let ms = 0; ms < RUN_MS; ms += 1) {
      for (let n = 0; n < 5; n += 1) if (flood.spendOrDrop(1_200)) passed += 1_200;
      if (ms % 100 === 0 && !rare.spendOrDrop(500)) lost += 1;
      clock.advance(1);
    }
    const share = withBulk ? 0.5 : 1;
    assert.ok(Math.abs(passed / (RATE * 10) - share) < 0.06 * share, `${passed / (RATE * 10)}`);
    assert.ok(passed + sum(bulk) <= RATE * 10.06, `${(passed + sum(bulk)) / (RATE * 10)}`);
    assert.equal(lost, 0);
    for (const sender of bulk) sender.stop();
    clock.advance(100);
    assert.deepEqual([line.waiting, clock.pending], [0, 0]);
  }
});
