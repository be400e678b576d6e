import assert from "node:assert/strict";
import { once } from "node:events";
import type net from "node:net";
import { type TestContext, test } from "node:test";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { closeOf } from "./collect.ts";
import { type DelayLine, type DelayLineOptions, startDelayLine } from "./delay-line.ts";
import { startTcpTarget, until } from "./proxy-fixture.ts";
import { RawClient } from "./raw-client.ts";

interface Ends {
  readonly clock: FakeClock;
  readonly line: DelayLine;
  readonly near: RawClient;
  readonly far: net.Socket;
  /** All that `far` received. */
  readonly heard: () => string;
}

/** A line of 50 ms with one connection over it. */
async function connectOver(t: TestContext, options: Partial<DelayLineOptions> = {}): Promise<Ends> {
  const clock = new FakeClock();
  const accepted = Promise.withResolvers<net.Socket>();
  let heard = "";
  const target = await startTcpTarget((socket) => {
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
    });
    accepted.resolve(socket);
  });
  const line = await startDelayLine({ target: target.address, delayMs: 50, clock, ...options });
  const near = await RawClient.connect(line.address);
  t.after(async () => {
    near.socket.destroy();
    await line.stop();
    await target[Symbol.asyncDispose]();
  });
  return { clock, line, near, far: await accepted.promise, heard: () => heard };
}

test("a byte leaves after the delay, in each direction, and not before", async (t) => {
  const { clock, line, near, far, heard } = await connectOver(t);
  near.send("first");
  await until(() => line.heldBytes("forth") === 5);
  clock.advance(20);
  near.send("second");
  await until(() => line.heldBytes("forth") === 11);
  clock.advance(29);
  assert.equal(line.carriedBytes("forth"), 0);
  clock.advance(1);
  assert.equal(line.carriedBytes("forth"), 5);
  clock.advance(20);
  await until(() => heard() === "firstsecond");

  far.write("answer");
  await until(() => line.heldBytes("back") === 6);
  clock.advance(49);
  assert.equal(line.carriedBytes("back"), 0);
  clock.advance(1);
  await near.hear(/^answer$/);
});

test("an end and a reset arrive after the delay, behind the bytes", async (t) => {
  const ended = await connectOver(t);
  const end = once(ended.far, "end");
  ended.near.send("last words").socket.end();
  await until(() => ended.clock.pending === 1 && ended.near.socket.writableFinished);
  ended.clock.advance(50);
  await until(() => ended.heard() === "last words");
  ended.clock.advance(50);
  await end;

  const reset = await connectOver(t);
  const error = once(reset.far, "error");
  reset.near.socket.resetAndDestroy();
  await until(() => reset.clock.pending === 1);
  reset.clock.advance(49);
  assert.equal(reset.line.connections, 1);
  reset.clock.advance(1);
  assert.equal(((await error)[0] as NodeJS.ErrnoException).code, "ECONNRESET");
  await until(() => reset.line.connections === 0);

  const both = await connectOver(t);
  both.near.socket.end();
  await until(() => both.clock.pending === 1);
  both.clock.advance(50);
  await until(() => both.far.readableEnded);
  const late = closeOf(both.far);
  both.near.socket.resetAndDestroy();
  // Only a write shows a reset behind an end.
  await until(() => {
    if (!both.far.destroyed) both.far.write("more");
    both.clock.advance(50);
    return both.line.connections === 0;
  });
  await late;
});

test("a bandwidth spreads bytes over time", async (t) => {
  const { clock, line, near } = await connectOver(t, { bytesPerSecond: 64 * 1024 });
  near.send(Buffer.alloc(32 * 1024));
  await until(() => line.heldBytes("forth") === 32 * 1024);
  clock.advance(50 + 249);
  assert.equal(line.carriedBytes("forth"), 0);
  clock.advance(1);
  assert.equal(line.carriedBytes("forth"), 16 * 1024);
  clock.advance(250);
  assert.equal(line.carriedBytes("forth"), 32 * 1024);
});

test("a full queue stops the sender, and bytes that leave let it go on", async (t) => {
  const { clock, line, near } = await connectOver(t, { bytesPerSecond: 1_000_000, queueBytes: 100_000 });
  const total = 64_000_000;
  let sent = false;
  near.socket.write(Buffer.alloc(total), () => {
    sent = true;
  });
  const capacity = 150_000;
  await until(() => line.heldBytes("forth") >= capacity);
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(line.heldBytes("forth") < capacity + 64 * 1024 + 1, `${line.heldBytes("forth")} bytes are held`);
  assert.equal(sent, false);
  await until(() => {
    clock.advance(100);
    return line.carriedBytes("forth") === total;
  });
});

test("a stalled direction holds its bytes and its end until it is resumed; the other goes on", async (t) => {
  const { clock, line, near, far, heard } = await connectOver(t);
  line.stall("back");
  near.send("question");
  await until(() => line.heldBytes("forth") === 8);
  clock.advance(50);
  await until(() => heard() === "question");
  far.end("answer");
  await until(() => line.heldBytes("back") === 6 && far.writableFinished);
  clock.advance(1_000);
  assert.equal(line.carriedBytes("back"), 0);
  line.resume("back");
  await near.hear(/^answer$/);
  await until(() => {
    clock.advance(50);
    return near.ending === "end";
  });
});

test("a target that refuses is a reset after the delay", async (t) => {
  const clock = new FakeClock();
  const closed = await startTcpTarget(() => {});
  await closed[Symbol.asyncDispose]();
  const line = await startDelayLine({ target: closed.address, delayMs: 50, clock });
  t.after(() => line.stop());
  const near = await RawClient.connect(line.address);
  await until(() => clock.pending === 1);
  clock.advance(50);
  assert.equal(await near.over(), "ECONNRESET");
  await line.stop();
  await line.stop();
});
