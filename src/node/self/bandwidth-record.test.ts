import assert from "node:assert/strict";
import { test } from "node:test";
import { knownPeer } from "../../../test/support/known-peer.ts";
import { RecordingLogger } from "../../../test/support/recording-logger.ts";
import { BywayError } from "../../core/errors.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { seededRandom } from "../../core/random.ts";
import type { KnownPeer } from "../../peers/known-peer.ts";
import { BandwidthRecord, type MeasuredBandwidth } from "./bandwidth-record.ts";
import { SELF_LIMITS } from "./limits.ts";

const { measureRetryMs, measureSoonMs, measureDailyMs } = SELF_LIMITS;
const SELF = "self";

function peer(name: string, endpoints = [{ host: "192.0.2.1", port: 1 }]): KnownPeer {
  return knownPeer(name, { endpoints });
}

function setUp(options: { readonly peers?: readonly KnownPeer[]; readonly kept?: unknown } = {}) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const known = [...(options.peers ?? [peer("a"), peer("b"), peer("c"), peer(SELF), peer("hidden", [])])];
  const asked: string[] = [];
  const saved: MeasuredBandwidth[][] = [];
  let changes = 0;
  let answer: () => Promise<{ upMbps: number; downMbps: number }> = async () => ({ upMbps: 10, downMbps: 100 });
  const record = new BandwidthRecord(
    {
      clock,
      logger,
      random: seededRandom(1),
      peers: () => known,
      measure(with_, signal) {
        asked.push(with_.advertisement.peer);
        return Promise.race([
          answer(),
          new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
        ]);
      },
      state: {
        load: () => (typeof options.kept === "function" ? options.kept() : options.kept),
        save: (measured) => void saved.push([...measured]),
      },
      onChange: () => {
        changes += 1;
      },
    },
    SELF,
  );
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    clock,
    logger,
    known,
    asked,
    saved,
    record,
    advance,
    changes: () => changes,
    answer: (next: typeof answer) => {
      answer = next;
    },
  };
}

test("three different peers are measured with soon, later one a day, and the median of the last three is told", async () => {
  const { record, advance, asked, saved, answer, changes, clock } = setUp();
  assert.deepEqual([record.bandwidth], [undefined]);
  record.start();
  const rates = [40, 1_000, 50, 60];
  const told: (number | undefined)[] = [];
  for (const waitMs of [measureRetryMs, measureSoonMs, measureSoonMs, measureDailyMs].map(({ value }) => value)) {
    answer(async () => ({ upMbps: rates[asked.length - 1] ?? 0, downMbps: 7 }));
    await advance(waitMs - 1);
    assert.equal(asked.length, told.length);
    await advance(1);
    assert.equal(asked.length, told.length + 1);
    told.push(record.bandwidth?.upMbps);
  }
  assert.deepEqual(told, [40, 40, 50, 60]);
  assert.deepEqual(new Set(asked.slice(0, 3)), new Set(["a", "b", "c"]));
  assert.equal(changes(), 4);
  assert.deepEqual(
    saved.at(-1)?.map(({ upMbps }) => upMbps),
    [1_000, 50, 60],
  );
  await record.stop();
  assert.equal(clock.pending, 0);
});

test("while no peer is known it waits for one", async () => {
  const { record, advance, known, asked } = setUp({ peers: [peer(SELF), peer("hidden", [])] });
  record.start();
  for (let n = 0; n < 10; n += 1) await advance(measureRetryMs.value);
  assert.deepEqual(asked, []);
  known.push(peer("late"));
  await advance(measureRetryMs.value);
  assert.deepEqual(asked, ["late"]);
});

test("a peer that fails is passed over for another, each time after twice as long", async () => {
  const { record, advance, asked, answer, logger } = setUp();
  answer(() => Promise.reject(new BywayError("ERR_HOP_LIMIT", "busy")));
  record.start();
  for (const factor of [1, 1, 2, 4]) {
    const before = asked.length;
    await advance(factor * measureRetryMs.value - 1);
    assert.equal(asked.length, before);
    await advance(1);
    assert.equal(asked.length, before + 1);
  }
  assert.equal(new Set(asked.slice(0, 3)).size, 3);
  assert.equal(logger.lines.filter((line) => line.startsWith("debug")).length, 4);
  answer(async () => ({ upMbps: 1, downMbps: 2 }));
  await advance(8 * measureRetryMs.value);
  assert.deepEqual(record.bandwidth, { upMbps: 1, downMbps: 2 });
});

test("forty peers that refuse one after the other delay the first measurement by hours, not by weeks", async () => {
  const { record, answer, advance, changes } = setUp();
  let refusals = 0;
  answer(async () => {
    refusals += 1;
    if (refusals <= 40) throw new BywayError("ERR_HOP_LIMIT", "busy");
    return { upMbps: 10, downMbps: 100 };
  });
  record.start();
  for (let passedMs = 0; passedMs < 8 * 3_600_000; passedMs += measureRetryMs.value)
    await advance(measureRetryMs.value);
  assert.ok(changes() > 0);
  await record.stop();
});

test("a restart within the day measures nothing", async () => {
  const atMs = new FakeClock().nowMs() - 3_600_000;
  const kept = [30, 20, 10].map((upMbps) => ({ upMbps, downMbps: 5, atMs }));
  const { record, advance, asked } = setUp({ kept });
  assert.deepEqual(record.bandwidth, { upMbps: 20, downMbps: 5 });
  record.start();
  await advance(measureDailyMs.value - 3_600_000 - 1);
  assert.deepEqual(asked, []);
  await advance(1);
  assert.equal(asked.length, 1);
});

test("what was kept is believed only where it makes sense", async () => {
  const good = { upMbps: 20, downMbps: 5, atMs: 0 };
  for (const kept of [
    "text",
    null,
    [null, 1, { upMbps: 0, downMbps: 5, atMs: 0 }, { upMbps: 1.5, downMbps: 5, atMs: 0 }, { upMbps: 5, atMs: 0 }],
  ]) {
    assert.equal(setUp({ kept }).record.bandwidth, undefined);
  }
  assert.deepEqual(setUp({ kept: [{}, good] }).record.bandwidth, { upMbps: 20, downMbps: 5 });
  const broken = setUp({
    kept: () => {
      throw new Error("disk");
    },
  });
  assert.equal(broken.record.bandwidth, undefined);
  assert.match(broken.logger.lines.join(), /warn the kept bandwidth cannot be read/);
  // One that was kept by a clock that ran ahead puts nothing off for longer than a day.
  const ahead = setUp({ kept: [good, good, { ...good, atMs: new FakeClock().nowMs() * 2 }] });
  ahead.record.start();
  await ahead.advance(measureDailyMs.value);
  assert.equal(ahead.asked.length, 1);
});

test("stopping takes a running measurement back", async () => {
  const { record, advance, asked, answer, clock } = setUp();
  answer(() => new Promise(() => {}));
  record.start();
  await advance(measureRetryMs.value);
  assert.equal(asked.length, 1);
  await record.stop();
  await record.stop();
  record.start();
  assert.equal(clock.pending, 0);
});
