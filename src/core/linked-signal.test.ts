import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { linkedSignal } from "./linked-signal.ts";

test("follows whichever parent aborts first, with its reason", () => {
  for (const first of [0, 1]) {
    const parents = [new AbortController(), new AbortController()];
    using linked = linkedSignal(...parents.map(({ signal }) => signal));
    assert.equal(linked.signal.aborted, false);
    parents[first]?.abort("first");
    parents[1 - first]?.abort("second");
    assert.equal(linked.signal.reason, "first");
  }
  using late = linkedSignal(new AbortController().signal, AbortSignal.abort("before"));
  assert.equal(late.signal.reason, "before");
});

test("its parents forget it when it is disposed", () => {
  const parent = new AbortController();
  const linked = linkedSignal(parent.signal);
  assert.equal(getEventListeners(parent.signal, "abort").length, 1);
  linked[Symbol.dispose]();
  assert.equal(getEventListeners(parent.signal, "abort").length, 0);
  parent.abort();
  assert.equal(linked.signal.aborted, false);
});
