import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { listen, startTcpTarget } from "../../test/support/proxy-fixture.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { FirstBytes } from "./first-bytes.ts";
import { FLOW_LIMITS } from "./limits.ts";
import { LinePace } from "./line-pace.ts";
import { Meter } from "./meter.ts";
import type { Pace } from "./pace.ts";
import { PooledSocket } from "./pooled-socket.ts";
import { ReadPool } from "./read-pool.ts";
import { type SpliceComponents, splice } from "./splice.ts";

const RATE = 2_500_000;

function components(clock: FakeClock, holds: { pace?: Pace; firstBytes?: FirstBytes } = {}): SpliceComponents {
  return { clock, budget: new ByteBudget({ clock, logger: silentLogger }), ...holds };
}

/** App and target with a splice between them. */
function between(holds: { pace?: Pace; firstBytes?: FirstBytes }, clock = new FakeClock()) {
  const [app, innerApp] = duplexPair();
  const [target, innerTarget] = duplexPair();
  for (const end of [app, target]) end.on("error", () => {});
  // An end is through once the far side has read it; the target's reader is each test's own.
  app.resume();
  const meter = new Meter();
  const done = splice({ ...components(clock, holds), meter }, innerApp, innerTarget);
  const carried = async (): Promise<unknown> => [await done, meter.up.bytes, meter.down.bytes];
  return { app, target, inner: [innerApp, innerTarget] as const, done, carried, clock };
}

function heard(stream: Duplex): { bytes: Buffer } {
  const all = { bytes: Buffer.alloc(0) };
  stream.on("data", (chunk: Buffer) => {
    all.bytes = Buffer.concat([all.bytes, chunk]);
  });
  return all;
}

/** Lets all that is under way arrive: pipes deliver on the next tick, splices write on the next turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5) {
    clock.advance(Math.min(5, left));
    await settle();
  }
}

function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
}

/** Wants `bytes` bytes before it says pass; keeps what it was shown. */
function wanting(bytes: number): FirstBytes & { readonly shown: string[] } {
  const shown: string[] = [];
  return {
    shown,
    look(seen) {
      shown.push(seen.toString());
      return seen.length >= bytes ? "pass" : "more";
    },
  };
}

test("first bytes are held and shown whole each time, while the target speaks first", async () => {
  const firstBytes = wanting(10);
  const { app, target, carried } = between({ firstBytes });
  const [atApp, atTarget] = [heard(app), heard(target)];
  target.write("SSH-2.0 banner");
  for (const part of ["abc", "defg"]) {
    app.write(part);
    await settle();
  }
  assert.deepEqual([atApp.bytes.toString(), atTarget.bytes.toString()], ["SSH-2.0 banner", ""]);
  app.write("hijk");
  await settle();
  app.end("rest");
  target.end();
  assert.deepEqual(await carried(), [undefined, 15, 14]);
  assert.equal(atTarget.bytes.toString(), "abcdefghijkrest");
  assert.deepEqual(firstBytes.shown, ["abc", "abcdefg", "abcdefghijk"]);
});

test("the end of the app lets go what was held", async () => {
  const { app, target, carried } = between({ firstBytes: wanting(1_000) });
  const atTarget = collect(target);
  app.write("too ");
  await settle();
  app.end("short");
  assert.equal((await atTarget).toString(), "too short");
  target.end("answer");
  assert.equal((await collect(app)).toString(), "answer");
  assert.deepEqual(await carried(), [undefined, 9, 6]);
});

test("what the look throws ends both sides and is the error", async () => {
  const refusal = new BywayError("ERR_POLICY_PROTOCOL", "not here");
  const { app, target, inner, carried } = between({
    firstBytes: {
      look() {
        throw refusal;
      },
    },
  });
  const atTarget = heard(target);
  app.write("bad");
  assert.deepEqual(await carried(), [refusal, 0, 0]);
  assert.deepEqual([inner[0].destroyed, inner[1].destroyed, inner[1].writableFinished], [true, true, false]);
  assert.equal(atTarget.bytes.length, 0);
});

test("no more than 64 KiB is held, whatever the look says", async () => {
  let longest = 0;
  const { app, target, done } = between({
    firstBytes: {
      look(seen) {
        longest = Math.max(longest, seen.length);
        return "more";
      },
    },
  });
  const atTarget = collect(target);
  const sent = pattern(100_000);
  for (let at = 0; at < sent.length; at += 1_000) app.write(sent.subarray(at, at + 1_000));
  app.end();
  target.end();
  assert.ok((await atTarget).equals(sent));
  await done;
  assert.ok(longest >= FLOW_LIMITS.firstBytes.value && longest < FLOW_LIMITS.firstBytes.value + 16_384, `${longest}`);
});

test("after the look backpressure and drain are as ever", async () => {
  const { app, target, done } = between({ firstBytes: wanting(1) });
  const sent = pattern(600_000);
  for (let at = 0; at < sent.length; at += 10_000) app.write(sent.subarray(at, at + 10_000));
  app.end();
  await settle();
  assert.ok(app.writableLength > 0, "the writer was never held back");
  const atTarget = collect(target);
  target.end();
  assert.ok((await atTarget).equals(sent));
  await done;
});

test("both directions together keep to the pace, in pieces, and end only when all has passed", async () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const { app, target, carried } = between({ pace: line.openLink() }, clock);
  const [up, down] = [pattern(400_000), pattern(300_000)];
  const [atApp, atTarget] = [heard(app), heard(target)];
  app.end(up);
  target.end(down);
  await settle();
  const startBytes = atApp.bytes.length + atTarget.bytes.length;
  assert.ok(startBytes <= RATE * 0.02, `${startBytes} at once`);
  let before = startBytes;
  for (let ms = 0; ms < 200; ms += 10) {
    await pass(clock, 10);
    const now = atApp.bytes.length + atTarget.bytes.length;
    assert.ok(now - before <= RATE * 0.03, `${now - before} in 10 ms`);
    before = now;
  }
  assert.ok(Math.abs(before / (RATE * 0.2 + startBytes) - 1) < 0.05, `${before}`);
  assert.equal(app.readableEnded || target.readableEnded, false);
  await pass(clock, 200);
  assert.deepEqual(await carried(), [undefined, up.length, down.length]);
  assert.ok(atApp.bytes.equals(down) && atTarget.bytes.equals(up));
  clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
  assert.deepEqual([line.waiting, clock.pending], [0, 0]);
});

test("a half-closed stream goes on at its pace", async () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const { app, target, done } = between({ pace: line.openLink() }, clock);
  app.end("question");
  const [atApp, atTarget] = [heard(app), heard(target)];
  await settle();
  assert.deepEqual([atTarget.bytes.toString(), target.readableEnded], ["question", true]);
  const answer = pattern(200_000);
  target.end(answer);
  await pass(clock, 100);
  assert.ok(atApp.bytes.equals(answer));
  await done;
  clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
  assert.equal(clock.pending, 0);
});

test("a far side that takes nothing is not asked to share the line, and goes on when it drains", async () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const { app, target, inner, done } = between({ pace: line.openLink() }, clock);
  const sent = pattern(500_000);
  app.end(sent);
  await pass(clock, 500);
  assert.equal(line.waiting, 0, "it waits for the line although its target is full");
  const waits = inner[1].writableLength + target.readableLength;
  assert.ok(waits < 200_000, `${waits} bytes wait for a target that takes none`);
  const atTarget = heard(target);
  target.end();
  await pass(clock, 500);
  assert.ok(atTarget.bytes.equals(sent));
  await done;
});

for (const [name, end] of [
  ["the app is reset", ({ inner }) => inner[0].destroy(new Error("reset"))],
  ["the target is reset", ({ inner }) => inner[1].destroy(new Error("reset"))],
  ["the app goes without a word", ({ inner }) => inner[0].destroy()],
  ["the target goes without a word", ({ inner }) => inner[1].destroy()],
] satisfies [string, (bench: ReturnType<typeof between>) => void][]) {
  test(`when ${name} while bytes wait, nothing is left`, async () => {
    const clock = new FakeClock();
    const line = new LinePace({ clock }, { bytesPerSecond: RATE });
    const bench = between({ pace: line.openLink() }, clock);
    bench.app.write(pattern(400_000));
    bench.target.write(pattern(400_000));
    heard(bench.app);
    heard(bench.target);
    await pass(clock, 20);
    assert.equal(line.waiting, 2);
    end(bench);
    await bench.done;
    assert.deepEqual([bench.inner[0].destroyed, bench.inner[1].destroyed], [true, true]);
    clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
    assert.deepEqual([line.waiting, clock.pending], [0, 0]);
  });
}

test("a look and a pace together: what was held passes at the pace", async () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const { app, target, done } = between({ pace: line.openLink(), firstBytes: wanting(60_000) }, clock);
  const atTarget = heard(target);
  const sent = pattern(150_000);
  app.end(sent);
  await settle();
  assert.ok(atTarget.bytes.length > 0 && atTarget.bytes.length <= RATE * 0.02, `${atTarget.bytes.length}`);
  await pass(clock, 60);
  assert.ok(atTarget.bytes.equals(sent));
  target.end();
  await done;
});

test("a pooled socket at a pace reads little, hands all on in order, and its memory is not used twice", async () => {
  const sent = pattern(1_500_000);
  await using target = await startTcpTarget((socket) => {
    socket.end(sent);
    socket.resume();
  });
  const pool = new ReadPool();
  const reads: number[] = [];
  const chunks = pool.chunks.bind(pool);
  pool.chunks = (length) => {
    reads.push(length);
    return chunks(length);
  };
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const spliced = await Promise.all(
    [1, 2, 3].map(async () => {
      const socket = PooledSocket.open(pool, { ...target.address, allowHalfOpen: true });
      await once(socket, "connect");
      const [app, inner] = duplexPair();
      const done = splice(components(clock, { pace: line.openLink() }), inner, socket);
      // Copies: a pipe hands on the very memory that the socket uses again.
      const at: Buffer[] = [];
      app.on("data", (chunk: Buffer) => at.push(Buffer.from(chunk)));
      return { done, app, at };
    }),
  );
  for (const { app } of spliced) app.end();
  let isDone = false;
  const all = Promise.all(spliced.map(({ done }) => done)).then(() => {
    isDone = true;
  });
  while (!isDone) await pass(clock, 50);
  await all;
  for (const { at } of spliced) assert.ok(Buffer.concat(at).equals(sent));
  // Three, before it showed that their bytes wait, and the one that was under way then.
  assert.ok(reads.filter((bytes) => bytes > FLOW_LIMITS.heldReadBytes.value).length <= 6, reads.join(" "));
  clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
  assert.deepEqual([line.waiting, clock.pending], [0, 0]);
});

test("a target that ends while its last bytes wait is not cut", async () => {
  const sent = pattern(300_000);
  await using target = await listen(
    net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.end(sent);
      socket.resume();
    }),
  );
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: RATE });
  const socket = net.connect({ ...target.address, allowHalfOpen: true });
  await once(socket, "connect");
  const [app, inner] = duplexPair();
  const done = splice(components(clock, { pace: line.openLink() }), inner, socket);
  const at = heard(app);
  app.end();
  const gone = closeOf(app);
  let isOver = false;
  void gone.then(() => {
    isOver = true;
  });
  while (!isOver) await pass(clock, 20);
  assert.ok(at.bytes.equals(sent));
  assert.equal(await done, undefined);
});

test("first bytes that are held count for the memory budget, which ends those who hold most", async () => {
  const clock = new FakeClock();
  const budget = new ByteBudget({ clock, logger: silentLogger }, { bytes: 200_000 });
  const streams = [60_000, 60_000, 60_000, 100].map((bytes) => {
    const [app, innerApp] = duplexPair();
    const [target, innerTarget] = duplexPair();
    for (const end of [app, target]) end.on("error", () => {}).resume();
    const done = splice({ clock, budget, firstBytes: wanting(1_000_000) }, innerApp, innerTarget);
    app.write(Buffer.alloc(bytes));
    return { app, innerApp, done };
  });
  await settle();
  clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
  await settle();
  assert.deepEqual(
    streams.map(({ innerApp }) => innerApp.destroyed),
    [true, true, false, false],
  );
  const error = (await streams[0]?.done) ?? {};
  assert.ok(error instanceof BywayError && error.code === "ERR_STREAM_STALLED");
  for (const { app } of streams) app.destroy();
});

test("what waits for the line counts by its bytes, however many chunks it came in", async () => {
  const clock = new FakeClock();
  const line = new LinePace({ clock }, { bytesPerSecond: 100_000 });
  const budget = new ByteBudget({ clock, logger: silentLogger });
  const kept: (() => number)[] = [];
  budget.watch = (_stream, _end, keeps) => void kept.push(keeps ?? (() => 0));
  const writes: Buffer[] = [];
  const [app, inner] = duplexPair();
  const [target, innerTarget] = duplexPair();
  for (const end of [app, target]) end.on("error", () => {});
  target.on("data", (chunk: Buffer) => writes.push(Buffer.from(chunk)));
  const done = splice({ clock, budget, pace: line.openLink() }, inner, innerTarget);
  const sent = pattern(12_000);
  for (const byte of sent) app.write(Buffer.of(byte));
  await settle();
  await pass(clock, 500);
  assert.ok(Buffer.concat(writes).equals(sent));
  assert.ok(writes.length < 200, `${writes.length} writes for 12,000 chunks`);
  inner.destroy();
  await done;
});
