import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { TRUST_LIMITS } from "./limits.ts";
import type { Observation, ObservedHop } from "./observation.ts";
import { Observer } from "./observer.ts";

const guard: ObservedHop = { peerId: "guard", role: "guard", isFirst: true };
const exit: ObservedHop = { peerId: "exit", role: "exit", isFirst: false };

/** An observer whose own check of an accused node finds `answers`, and what its view was told. */
function bench(answers?: boolean, carries?: boolean) {
  const clock = new FakeClock();
  const told: string[] = [];
  const observer = new Observer({ clock, check: async () => answers, examine: async () => carries });
  observer.subscribe(({ peerId, what }, isNews) => told.push(`${peerId} ${what}${isNews ? "" : " again"}`));
  return { clock, observer, told };
}

test("every view hears of all that is seen, and of many failures at once that they are one", () => {
  const { observer, told } = bench();
  const second: Observation[] = [];
  observer.subscribe((observation) => second.push(observation));
  observer.observe({ ...exit, what: "answered", beganMs: 0, ms: 20 });
  observer.observe({ ...guard, what: "carried", beganMs: 0, next: "exit" });
  for (let n = 0; n < 2; n += 1) observer.observe({ ...guard, what: "failed" });
  observer.observe({ ...exit, what: "full", forMs: 1_000 });
  assert.deepEqual(told, ["exit answered", "guard carried", "guard failed", "guard failed again", "exit full"]);
  assert.equal(second.length, told.length);
});

test("who failed or is full is avoided; an answer of an exit heals it, and none of a relay's", () => {
  const { clock, observer } = bench();
  observer.observe({ ...exit, what: "full", forMs: 1_000 });
  observer.observe({ ...guard, what: "failed" });
  assert.deepEqual([...observer.avoided].sort(), ["exit", "guard"]);
  clock.advance(1_000);
  assert.deepEqual([...observer.avoided], ["guard"]);
  const beganMs = clock.monotonicMs();
  observer.observe({ ...guard, what: "answered", beganMs });
  assert.deepEqual([...observer.avoided], ["guard"]);
  observer.observe({ ...guard, what: "carried", beganMs, next: "exit" });
  observer.observe({ ...exit, what: "failed" });
  observer.observe({ ...exit, what: "answered", beganMs });
  assert.deepEqual([...observer.avoided], []);
});

for (const [answers, told] of [
  [true, []],
  [undefined, []],
  [false, ["exit failed"]],
] as const) {
  test(`what one hop shows of another counts by the own check alone, which finds ${answers}`, async () => {
    const { clock, observer, told: heard } = bench(answers);
    observer.observe({ ...exit, what: "failed", by: guard });
    assert.deepEqual([...observer.avoided], ["exit"], "it is passed over meanwhile");
    await settled();
    assert.deepEqual(heard, told);
    clock.advance(TRUST_LIMITS.failureMs.value);
    assert.deepEqual([...observer.avoided], []);
  });
}

test("who accuses node after node without cause has failed itself", async () => {
  const { observer, told } = bench(true, false);
  for (let n = 0; n < TRUST_LIMITS.refusedNodes.value; n += 1) {
    observer.observe({ peerId: `exit ${n}`, role: "exit", isFirst: false, what: "failed", by: guard });
    await settled();
  }
  assert.deepEqual(told, ["guard failed"]);
});

test("who has failed by its examination is passed over for long, whatever it carries meanwhile", async () => {
  const { clock, observer } = bench(true, false);
  for (let n = 0; n < TRUST_LIMITS.refusedNodes.value; n += 1) {
    observer.observe({ peerId: `exit ${n}`, role: "exit", isFirst: false, what: "failed", by: guard });
    await settled();
  }
  observer.observe({ ...guard, what: "carried", beganMs: clock.monotonicMs(), next: "friend" });
  observer.observe({ ...guard, what: "full", forMs: 1 });
  clock.advance(TRUST_LIMITS.refuserMs.value - 1);
  assert.deepEqual([...observer.avoided], ["guard"]);
  clock.advance(1);
  assert.deepEqual([...observer.avoided], []);
});
