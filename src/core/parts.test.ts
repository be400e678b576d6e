import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "./errors.ts";
import { type Part, type Parts, startParts } from "./parts.ts";

/** Parts that write down what is done to them. */
function bench() {
  const done: string[] = [];
  const part = (name: string, failing?: Error): Part => ({
    start: async () => {
      done.push(`start ${name}`);
      if (failing !== undefined) throw failing;
    },
    stop: async () => void done.push(`stop ${name}`),
  });
  return { done, part };
}

test("parts start in the order in which they were added, and stop in the opposite one", async () => {
  const { done, part } = bench();
  const parts = await startParts<Parts>((all) => {
    all.add("a", part("a"));
    all.add("always there", { stop: () => void done.push("stop always there") });
    all.add("b", part("b"));
    all.add("nothing to do", {});
    return all;
  });
  assert.deepEqual(done.splice(0), ["start a", "start b"]);
  await Promise.all([parts.stop(), parts.stop()]);
  assert.deepEqual(done, ["stop b", "stop always there", "stop a"]);
});

test("a part that does not start is named, no later one is started, and all are stopped", async () => {
  const { done, part } = bench();
  const failing = new BywayError("ERR_STORE", "the store is damaged", { data: { path: "/x" } });
  const starting = startParts((all) => {
    for (const name of ["a", "b", "c"]) all.add(name, part(name, name === "b" ? failing : undefined));
  });
  await assert.rejects(starting, { code: "ERR_STORE", message: failing.message, data: { path: "/x", part: "b" } });
  assert.deepEqual(done, ["start a", "start b", "stop c", "stop b", "stop a"]);
});

test("what was added is stopped where the rest cannot be made", async () => {
  const { done, part } = bench();
  const cannot = new Error("no");
  const making = startParts((all) => {
    all.add("a", part("a"));
    throw cannot;
  });
  await assert.rejects(making, cannot);
  assert.deepEqual(done, ["stop a"]);
});

test("a part that cannot be stopped keeps none of the others from stopping", async () => {
  const { done, part } = bench();
  const cannot = new Error("no");
  const parts = await startParts<Parts>((all) => {
    all.add("a", part("a"));
    all.add("b", { stop: () => Promise.reject(cannot) });
    return all;
  });
  await assert.rejects(parts.stop(), cannot);
  assert.deepEqual(done, ["start a", "stop a"]);
});
