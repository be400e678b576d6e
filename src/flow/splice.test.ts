import assert from "node:assert/strict";
import { once } from "node:events";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { ByteBudget } from "./byte-budget.ts";
import { FLOW_LIMITS } from "./limits.ts";
import { splice } from "./splice.ts";

const clock = new FakeClock();
const budget = new ByteBudget({ clock, logger: silentLogger });

/** App and target with a splice between them. */
function between(): { app: Duplex; target: Duplex; inner: readonly [Duplex, Duplex]; done: ReturnType<typeof splice> } {
  const [app, innerApp] = duplexPair();
  const [target, innerTarget] = duplexPair();
  return { app, target, inner: [innerApp, innerTarget], done: splice({ clock, budget }, innerApp, innerTarget) };
}

test("bytes go both ways", async () => {
  const { app, target, done } = between();
  app.end("question");
  target.end("the answer");
  assert.equal((await collect(target)).toString(), "question");
  assert.equal((await collect(app)).toString(), "the answer");
  assert.equal(await done, undefined);
});

test("one direction ends while the other goes on", async () => {
  const { app, target, done } = between();
  app.end("done asking");
  assert.equal((await collect(target)).toString(), "done asking");
  target.write("still ");
  target.end("answering");
  assert.equal((await collect(app)).toString(), "still answering");
  assert.equal(await done, undefined);
});

test("an error on one side is not taken for an end by the other", async () => {
  const { target, inner, done } = between();
  const failure = new Error("reset");
  const closed = closeOf(inner[1]);
  inner[0].destroy(failure);
  await closed;
  assert.equal(inner[1].writableFinished, false);
  assert.equal(await done, failure);
  target.destroy();
});

test("a side that closes without an end takes the other along", async () => {
  const { inner, done } = between();
  inner[0].destroy();
  const error = await done;
  assert.equal(error, undefined);
  assert.equal(inner[1].destroyed, true);
});

test("a side that was gone before settles at once", async () => {
  const [, a] = duplexPair();
  const [, b] = duplexPair();
  a.destroy();
  await closeOf(a);
  await splice({ clock, budget }, a, b);
  assert.equal(b.destroyed, true);
});

test("a reader that stops holds the writer back, and lets it go on later", async () => {
  const { app, target, done } = between();
  let sent = 0;
  const chunk = Buffer.alloc(16_384);
  while (sent < 500 && app.write(chunk)) sent += 1;
  assert.ok(sent < 500, "the writer was never held back");
  const rest = collect(target);
  app.end();
  target.end();
  app.resume();
  assert.equal((await rest).length, (sent + 1) * chunk.length);
  await done;
});

test("a side that is held up is told to the budget, whose reason reaches both sides", async () => {
  const ends = new Map<Duplex, (reason: BywayError) => void>();
  const watching = new ByteBudget({ clock, logger: silentLogger });
  watching.watch = (stream, end) => void (end !== undefined && ends.set(stream, end));
  const [app, innerApp] = duplexPair();
  const [, innerTarget] = duplexPair();
  const told: unknown[] = [];
  Object.assign(innerTarget, {
    resetAndDestroy(reason?: Error) {
      told.push(reason);
      innerTarget.destroy();
    },
  });
  const done = splice({ clock, budget: watching }, innerApp, innerTarget);
  const held = once(innerApp, "pause");
  app.write(Buffer.alloc(2 * innerTarget.writableHighWaterMark));
  await held;
  const reason = new BywayError("ERR_STREAM_STALLED", "no room");
  ends.get(innerApp)?.(reason);
  const error = await done;
  assert.deepEqual([error, told, [...ends.keys()]], [reason, [reason], [innerApp, innerTarget]]);
});

test("an end that came before the splice is passed on", async () => {
  const [app, innerApp] = duplexPair();
  const [target, innerTarget] = duplexPair();
  app.end();
  await new Promise((resolve) => innerApp.resume().once("end", resolve));
  const done = splice({ clock, budget }, innerApp, innerTarget);
  await collect(target);
  target.end("answer");
  assert.equal((await collect(app)).toString(), "answer");
  await done;
});

test("a side that somebody else ended takes the other along, though that had more to say", async () => {
  const { app, inner, done } = between();
  const [innerApp, innerTarget] = inner;
  app.end();
  innerApp.end();
  app.resume();
  await done;
  assert.equal(innerTarget.destroyed, true);
});

test("silence after one direction has ended does not last for ever", async () => {
  const { app, target, inner, done } = between();
  app.end("GET /\r\n\r\n");
  await collect(target);
  clock.advance(FLOW_LIMITS.halfClosedIdleMs.value - 1);
  assert.equal(inner[0].destroyed, false);
  clock.advance(FLOW_LIMITS.halfClosedIdleMs.value);
  assert.deepEqual([inner[0].destroyed, inner[1].destroyed], [true, true]);
  await done;
  assert.equal(clock.pending, 0);
});

test("silence is counted from the last byte, also where that came after the end", async () => {
  const { app, target, inner, done } = between();
  const limit = FLOW_LIMITS.halfClosedIdleMs.value;
  app.end();
  await collect(target);
  clock.advance(1);
  const heard = once(app, "data");
  target.write("the last that it says");
  await heard;
  clock.advance(limit);
  assert.equal(inner[0].destroyed, false);
  clock.advance(limit / 5);
  assert.deepEqual([inner[0].destroyed, inner[1].destroyed], [true, true]);
  await done;
});

test("a slow answer after one direction has ended is not cut", async () => {
  const { app, target, done } = between();
  app.end();
  await collect(target);
  const answer = collect(app);
  for (let part = 0; part < 3; part += 1) {
    clock.advance(FLOW_LIMITS.halfClosedIdleMs.value - 1);
    await new Promise<void>((resolve) => target.write("part ", () => resolve()));
    await new Promise(setImmediate);
  }
  target.end();
  assert.equal((await answer).toString(), "part part part ");
  await done;
  assert.equal(clock.pending, 0);
});
