import assert from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { splice } from "./splice.ts";

/** App and target with a splice between them. */
function between(): { app: Duplex; target: Duplex; inner: readonly [Duplex, Duplex]; done: ReturnType<typeof splice> } {
  const [app, innerApp] = duplexPair();
  const [target, innerTarget] = duplexPair();
  return { app, target, inner: [innerApp, innerTarget], done: splice(innerApp, innerTarget) };
}

test("bytes go both ways and are counted", async () => {
  const { app, target, done } = between();
  app.end("question");
  target.end("the answer");
  assert.equal((await collect(target)).toString(), "question");
  assert.equal((await collect(app)).toString(), "the answer");
  assert.deepEqual(await done, { bytesAToB: 8, bytesBToA: 10, error: undefined });
});

test("one direction ends while the other goes on", async () => {
  const { app, target, done } = between();
  app.end("done asking");
  assert.equal((await collect(target)).toString(), "done asking");
  target.write("still ");
  target.end("answering");
  assert.equal((await collect(app)).toString(), "still answering");
  assert.equal((await done).error, undefined);
});

test("an error on one side is not taken for an end by the other", async () => {
  const { target, inner, done } = between();
  const failure = new Error("reset");
  const closed = closeOf(inner[1]);
  inner[0].destroy(failure);
  await closed;
  assert.equal(inner[1].writableFinished, false);
  assert.equal((await done).error, failure);
  target.destroy();
});

test("a side that closes without an end takes the other along", async () => {
  const { inner, done } = between();
  inner[0].destroy();
  const { error } = await done;
  assert.equal(error, undefined);
  assert.equal(inner[1].destroyed, true);
});

test("a side that was gone before settles at once", async () => {
  const [, a] = duplexPair();
  const [, b] = duplexPair();
  a.destroy();
  await closeOf(a);
  await splice(a, b);
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
