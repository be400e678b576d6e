import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { abortReason, deadline, linkedAbort, pause, withAbort } from "./abort.ts";
import { BywayError } from "./errors.ts";
import { FakeClock } from "./fake-clock.ts";

const late = (): BywayError => new BywayError("ERR_HOP_TIMEOUT", "too late");

test("a deadline aborts with its error when time is up", () => {
  const clock = new FakeClock();
  using limit = deadline(clock, 1_000, late);
  clock.advance(999);
  assert.equal(limit.signal.aborted, false);
  clock.advance(1);
  assert.equal(abortReason(limit.signal).code, "ERR_HOP_TIMEOUT");
});

test("a deadline follows its parent and leaves no timer behind", () => {
  const clock = new FakeClock();
  const parent = new AbortController();
  {
    using limit = deadline(clock, 1_000, late, parent.signal);
    parent.abort(new BywayError("ERR_STOPPED", "stopping"));
    assert.equal(abortReason(limit.signal).code, "ERR_STOPPED");
  }
  assert.equal(clock.pending, 0);
});

test("follows whichever parent aborts first, with its reason", () => {
  for (const first of [0, 1]) {
    const parents = [new AbortController(), new AbortController()];
    using linked = linkedAbort(...parents.map(({ signal }) => signal));
    assert.equal(linked.signal.aborted, false);
    parents[first]?.abort("first");
    parents[1 - first]?.abort("second");
    assert.equal(linked.signal.reason, "first");
  }
  using late = linkedAbort(new AbortController().signal, AbortSignal.abort("before"));
  assert.equal(late.signal.reason, "before");
});

test("its parents forget it when it is disposed", () => {
  const parent = new AbortController();
  const linked = linkedAbort(parent.signal);
  assert.equal(getEventListeners(parent.signal, "abort").length, 1);
  linked[Symbol.dispose]();
  assert.equal(getEventListeners(parent.signal, "abort").length, 0);
  parent.abort();
  assert.equal(linked.signal.aborted, false);
});

test("aborts by itself, and ignores parents that are absent", () => {
  const parent = new AbortController();
  using linked = linkedAbort(undefined, parent.signal);
  linked.abort("own");
  parent.abort("later");
  assert.equal(linked.signal.reason, "own");
});

test("a deadline follows several parents, which forget it when it is disposed", () => {
  const clock = new FakeClock();
  const parents = [new AbortController(), new AbortController()];
  const limit = deadline(clock, 1_000, late, undefined, ...parents.map(({ signal }) => signal));
  limit[Symbol.dispose]();
  for (const { signal } of parents) assert.equal(getEventListeners(signal, "abort").length, 0);
  for (const parent of parents) parent.abort("late");
  assert.deepEqual([limit.signal.aborted, clock.pending], [false, 0]);
});

test("withAbort rejects at once with the reason, and otherwise follows the promise", async () => {
  const controller = new AbortController();
  const never = withAbort(new Promise(() => {}), controller.signal);
  controller.abort();
  await assert.rejects(never, { code: "ERR_ABORTED" });
  await assert.rejects(withAbort(Promise.reject(new Error("unseen")), controller.signal), { code: "ERR_ABORTED" });
  assert.equal(await withAbort(Promise.resolve(1), new AbortController().signal), 1);
});

test("a pause ends when its time is up, or with the reason of an abort, and leaves no timer behind", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const whole = pause(clock, 100, controller.signal);
  clock.advance(100);
  await whole;
  const cut = pause(clock, 100, controller.signal);
  controller.abort(new BywayError("ERR_STOPPED", "stopping"));
  await assert.rejects(cut, { code: "ERR_STOPPED" });
  for (const ms of [100, 0]) await assert.rejects(pause(clock, ms, controller.signal), { code: "ERR_STOPPED" });
  await pause(clock, 0, new AbortController().signal);
  assert.equal(clock.pending, 0);
});

test("timers of a fake clock run in order, and every() goes on until it is cancelled", () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  clock.after(20, () => ran.push("b"));
  clock.after(10, () => ran.push("a"));
  const tick = clock.every(15, () => ran.push("t"));
  clock.advance(31);
  tick.cancel();
  clock.advance(100);
  assert.deepEqual(ran, ["a", "t", "b", "t"]);
});
