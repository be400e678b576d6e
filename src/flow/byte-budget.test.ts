import assert from "node:assert/strict";
import { totalmem } from "node:os";
import { Duplex } from "node:stream";
import { test } from "node:test";
import type { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { ByteBudget, defaultBudgetBytes } from "./byte-budget.ts";
import { FLOW_LIMITS } from "./limits.ts";

const KIB = 1024;

/** A stream that nobody reads and that counts what arrives, as hardened streams do. */
class Unread extends Duplex {
  bytesRead = 0;

  constructor(bytes = 0) {
    super({ read: () => {}, write: () => {} });
    this.on("error", () => {});
    if (bytes > 0) this.arrive(bytes);
  }

  arrive(bytes: number): void {
    this.bytesRead += bytes;
    this.push(Buffer.alloc(bytes));
  }
}

function limitedTo(bytes: number) {
  const clock = new FakeClock();
  const warnings: { readonly ended?: unknown }[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields = {}) => void warnings.push(fields) };
  const budget = new ByteBudget({ clock, logger }, { bytes });
  const look = (): void => clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
  return { clock, warnings, budget, look };
}

test("of streams that are held up the largest are ended first, until the rest fits", () => {
  const { budget, look } = limitedTo(100 * KIB);
  const streams = [10, 60, 20, 50, 30].map((kib) => new Unread(kib * KIB));
  for (const stream of streams) budget.watch(stream);
  look();
  assert.deepEqual(
    streams.map((stream) => stream.destroyed),
    [false, true, false, true, false],
  );
});

test("what was written and has not left counts as what has not been read", () => {
  const { budget, look } = limitedTo(100 * KIB);
  const stream = new Unread();
  stream.write(Buffer.alloc(101 * KIB));
  budget.watch(stream);
  look();
  assert.equal(stream.destroyed, true);
});

test("a stream that is slow in small chunks counts with what the chunks cost", () => {
  const { budget, look } = limitedTo(100 * KIB);
  const stream = new Unread();
  for (let count = 0; count < 1_000; count += 1) stream.arrive(1);
  budget.watch(stream);
  look();
  assert.equal(stream.destroyed, true);
});

test("a stream that moves on goes after a smaller one that stands", () => {
  const { budget, look } = limitedTo(100 * KIB);
  const moving = new Unread(60 * KIB);
  const standing = new Unread(30 * KIB);
  budget.watch(moving);
  budget.watch(standing);
  look();
  moving.read(60 * KIB);
  moving.arrive(80 * KIB);
  look();
  assert.deepEqual([moving.destroyed, standing.destroyed], [false, true]);
});

test("nothing is ended while all fits, and nothing is looked at when nothing waits", () => {
  const { clock, budget, look } = limitedTo(100 * KIB);
  const streams = [new Unread(40 * KIB), new Unread(40 * KIB)];
  for (const stream of streams) budget.watch(stream);
  look();
  assert.equal(clock.pending, 1);
  for (const stream of streams) stream.read();
  look();
  assert.deepEqual([clock.pending, streams.some((stream) => stream.destroyed)], [0, false]);
});

test("how a stream is ended is for its owner to say", () => {
  const { budget, look } = limitedTo(1);
  const reasons: BywayError[] = [];
  budget.watch(new Unread(2), (reason) => reasons.push(reason));
  look();
  assert.deepEqual(
    reasons.map(({ code, data }) => ({ code, data })),
    [{ code: "ERR_STREAM_STALLED", data: { heldBytes: 2 + FLOW_LIMITS.chunkCostBytes.value } }],
  );
});

test("where a stream changes hands, what its latest owner keeps counts", () => {
  const { budget, look } = limitedTo(100 * KIB);
  const stream = new Unread(KIB);
  budget.watch(stream, undefined, () => 0);
  budget.watch(stream, undefined, () => 101 * KIB);
  budget.watch(stream);
  look();
  assert.equal(stream.destroyed, true);
});

test("the operator is told once a minute at most, and of all", () => {
  const { clock, warnings, budget, look } = limitedTo(1);
  for (const count of [1, 2, 3]) {
    for (let index = 0; index < count; index += 1) budget.watch(new Unread(2));
    look();
  }
  const fields = { heldBytes: 2 + FLOW_LIMITS.chunkCostBytes.value, budgetBytes: 1 };
  assert.deepEqual(warnings, [{ ended: 1, ...fields }]);
  clock.advance(FLOW_LIMITS.budgetReportMs.value);
  assert.deepEqual(warnings[1]?.ended, 5);
  clock.advance(FLOW_LIMITS.budgetReportMs.value);
  assert.deepEqual([warnings.length, clock.pending], [2, 0]);
});

test("the budget is a quarter of the memory and no more than its limit", () => {
  const { bytes } = new ByteBudget({ clock: new FakeClock(), logger: silentLogger });
  assert.ok(bytes > 0 && bytes <= FLOW_LIMITS.budgetBytes.value && bytes <= totalmem() / 4);
  assert.deepEqual([512 * KIB ** 2, 3 * KIB ** 3, 64 * KIB ** 3].map(defaultBudgetBytes), [
    128 * KIB ** 2,
    768 * KIB ** 2,
    FLOW_LIMITS.budgetBytes.value,
  ]);
});

test("what arrives is looked at as it comes, without waiting for a timer, and passes the budget by a small part of it", async () => {
  const { budget } = limitedTo(1_000 * KIB);
  const streams = Array.from({ length: 20 }, () => new Unread());
  let most = 0;
  for (let round = 0; round < 100; round += 1) {
    for (const stream of streams.filter(({ destroyed }) => !destroyed)) {
      stream.arrive(2 * KIB);
      budget.arrived(stream, 2 * KIB);
    }
    const held = streams.reduce((sum, { destroyed, readableLength }) => sum + (destroyed ? 0 : readableLength), 0);
    most = Math.max(most, held);
    await Promise.resolve();
  }
  assert.ok(most > 900 * KIB && most <= (1_000 + 2 * 20) * KIB, `${most}`);
  assert.ok(streams.some(({ destroyed }) => destroyed) && streams.some(({ destroyed }) => !destroyed));
});

test("a stream of which next to nothing waits is not looked at", () => {
  const { clock, budget } = limitedTo(100 * KIB);
  const stream = new Unread();
  stream.arrive(FLOW_LIMITS.watchedBytes.value - 1);
  budget.arrived(stream, FLOW_LIMITS.watchedBytes.value - 1);
  assert.equal(clock.pending, 0);
  stream.arrive(1);
  budget.arrived(stream, 1);
  assert.equal(clock.pending, 1);
});

test("a stream that sends on goes after one that stands, however much waits in it to be sent", () => {
  const { budget, look } = limitedTo(100 * KIB);
  const [moving, standing] = [new Unread(), new Unread()].map((stream) => Object.assign(stream, { bytesWritten: 0 }));
  moving?.write(Buffer.alloc(60 * KIB));
  standing?.write(Buffer.alloc(30 * KIB));
  for (const stream of [moving, standing]) budget.watch(stream as Unread);
  look();
  // All that waited has gone out, and more has come.
  Object.assign(moving as Unread, { bytesWritten: 80 * KIB });
  moving?.write(Buffer.alloc(20 * KIB));
  look();
  assert.deepEqual([moving?.destroyed, standing?.destroyed], [false, true]);
});

test("memory of ended streams is made known, for it to be collected", () => {
  const clock = new FakeClock();
  const freed: number[] = [];
  const components = { clock, logger: silentLogger, freed: { add: (bytes: number) => void freed.push(bytes) } };
  const budget = new ByteBudget(components, { bytes: 100 * KIB });
  for (const kib of [60, 60]) budget.watch(new Unread(kib * KIB));
  clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
  assert.deepEqual(freed, [60 * KIB + FLOW_LIMITS.chunkCostBytes.value]);
});
