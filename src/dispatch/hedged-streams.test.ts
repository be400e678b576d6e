import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { type CheapPool, cheapPool, inTurn } from "../../test/support/cheap-pool.ts";
import { exitOf } from "../../test/support/fake-circuit.ts";
import { requestOf } from "../../test/support/hops.ts";
import { raced, racedRequest } from "../../test/support/raced-request.ts";
import type { Circuit } from "../circuit/circuit.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { BywayError } from "../core/errors.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import type { RacedRequest } from "./race.ts";

const HEDGE_MS = 1_000;
const { leastHedgeMs, hedgesSaved } = CIRCUIT_LIMITS;
const refused = new BywayError("ERR_TARGET_REFUSED", "nothing listens");
const lost = new BywayError("ERR_HOP_LOST", "the link broke");

/** Lets everything run that waits for promises only. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One stream whose answers the test gives, by exit. */
function stream(bench: CheapPool, request: Partial<RacedRequest> = {}) {
  const uses = new Map<string, PromiseWithResolvers<string> & { readonly signal: AbortSignal }>();
  const released: string[] = [];
  const failed: string[] = [];
  const result = raced(
    bench,
    racedRequest({
      ...requestOf("", inTurn("a", "b", "c")),
      hedgeMs: () => HEDGE_MS,
      noteFailure: (circuit, { code }) => void failed.push(`${exitOf(circuit)} ${code}`),
      ...request,
    }),
    (circuit: Circuit, signal: AbortSignal) => {
      const use = { ...Promise.withResolvers<string>(), signal };
      uses.set(exitOf(circuit), use);
      return use.promise;
    },
    (late) => released.push(late),
  );
  result.catch(() => {});
  const use = (exit: string) => {
    const found = uses.get(exit);
    assert.ok(found !== undefined, `nobody uses ${exit}`);
    return found;
  };
  return { result, uses, use, released, failed };
}

test("an answer in time is the answer, and nothing else is tried", async () => {
  const bench = cheapPool(0);
  const { result, uses, use } = stream(bench);
  await settle();
  bench.clock.advance(HEDGE_MS - 1);
  use("a").resolve("answer");
  assert.equal(await result, "answer");
  bench.clock.advance(HEDGE_MS);
  await settle();
  assert.deepEqual([...uses.keys()], ["a"]);
  await bench.pool.stop();
});

test("a second circuit of another exit is tried beside a slow one: the first answer wins, the other is taken back and released", async () => {
  const bench = cheapPool(0);
  const { result, use, released, failed } = stream(bench);
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  use("b").resolve("quick");
  assert.equal(await result, "quick");
  assert.deepEqual([use("a").signal.aborted, use("b").signal.aborted], [true, false]);
  use("a").resolve("late");
  await settle();
  assert.deepEqual(released, ["late"]);
  assert.deepEqual(failed, [], "to be slower is no failure");
  assert.deepEqual(
    bench.built.map(({ usable }) => usable),
    [true, true],
    "a slow exit that is there goes on",
  );
  await bench.pool.stop();
});

test("an exit that answers pings and no streams is left when others took its place again and again", async () => {
  const bench = cheapPool(0);
  const tried = async (user: string): Promise<readonly string[]> => {
    const { result, uses, use } = stream(bench, requestOf(user, inTurn("a", "b")));
    await settle();
    const first = [...uses.keys()];
    if (first.includes("b")) return first;
    bench.clock.advance(HEDGE_MS);
    await settle();
    use("b").resolve("quick");
    assert.equal(await result, "quick");
    return first;
  };
  for (let n = 0; n < DISPATCH_LIMITS.racesLost.value; n += 1) assert.deepEqual(await tried(`user ${n}`), ["a"]);
  assert.deepEqual(await tried("another"), ["b"]);
  await bench.pool.stop();
});

test("the slow one may win all the same", async () => {
  const bench = cheapPool(0);
  const { result, use, released } = stream(bench);
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  use("a").resolve("late but first");
  assert.equal(await result, "late but first");
  assert.equal(use("b").signal.aborted, true);
  use("b").reject(new BywayError("ERR_ABORTED", "taken back"));
  await settle();
  assert.deepEqual(released, []);
  await bench.pool.stop();
});

test("what the app sends goes out once, and a session has one exit: neither is tried on a second circuit", async () => {
  for (const request of [{ sendsBytes: true }, requestOf("", inTurn("a", "b"), "s")]) {
    const bench = cheapPool(0);
    const { uses } = stream(bench, request);
    await settle();
    bench.clock.advance(10 * HEDGE_MS);
    await settle();
    assert.deepEqual([...uses.keys()], ["a"]);
    await bench.pool.stop();
  }
});

test("without history nothing is hedged, and no history makes a fast network hedge at once", async () => {
  const bench = cheapPool(0);
  const unknown = stream(bench, { hedgeMs: () => undefined });
  const fast = stream(bench, { ...requestOf("fast", inTurn("a", "b")), hedgeMs: () => 2 });
  await settle();
  bench.clock.advance(leastHedgeMs.value - 1);
  await settle();
  assert.equal(fast.uses.size, 1);
  bench.clock.advance(1);
  await settle();
  assert.equal(fast.uses.size, 2);
  bench.clock.advance(60_000);
  await settle();
  assert.equal(unknown.uses.size, 1);
  await bench.pool.stop();
});

test("when all is slow no more second circuits are tried than the budget has", async () => {
  const bench = cheapPool(0);
  const streams = Array.from({ length: 60 }, () => stream(bench));
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  const seconds = streams.filter(({ uses }) => uses.size === 2).length;
  assert.equal(seconds, hedgesSaved.value);
  await bench.pool.stop();
});

test("an exit that is silent counts as failed: streams that could not be hedged go on elsewhere, and it takes no more", async () => {
  const bench = cheapPool(0);
  bench.network.silent.add("a");
  const streams = Array.from({ length: 60 }, () => stream(bench));
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  for (const { use } of streams) use("b").resolve("answer");
  assert.equal((await Promise.all(streams.map(({ result }) => result))).length, streams.length);
  assert.equal(bench.built[0]?.usable, false);
  const next = stream(bench, requestOf("new", inTurn("a", "b")));
  await settle();
  assert.deepEqual([...next.uses.keys()], ["b"]);
  await bench.pool.stop();
});

test("a session's stream waits for a silent exit no longer than its history and the time for a sign of life", async () => {
  const bench = cheapPool(0);
  bench.network.silent.add("a");
  const gone = new BywayError("ERR_SESSION_EXIT", "the session's exit is gone");
  const choose = inTurn("a");
  const { result } = stream(bench, {
    ...requestOf(
      "",
      (wishes) => {
        if (wishes.failed.has("a")) throw gone;
        return choose(wishes);
      },
      "strict",
    ),
  });
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  bench.clock.advance(Math.max(HEDGE_MS, DISPATCH_LIMITS.leastAnswerMs.value));
  await assert.rejects(result, gone);
  await bench.pool.stop();
});

test("a refusal is the answer, unless another try runs that succeeds within its own history", async () => {
  for (const ending of ["alone", "success", "failure", "too late"]) {
    const bench = cheapPool(0);
    const { result, use } = stream(bench);
    await settle();
    if (ending === "alone") {
      use("a").reject(refused);
      await assert.rejects(result, refused);
      continue;
    }
    bench.clock.advance(HEDGE_MS);
    await settle();
    use("a").reject(refused);
    await settle();
    if (ending === "success") use("b").resolve("reached");
    if (ending === "failure") use("b").reject(lost);
    if (ending === "too late") bench.clock.advance(HEDGE_MS);
    if (ending === "success") assert.equal(await result, "reached");
    else await assert.rejects(result, refused);
    await bench.pool.stop();
  }
});

test("when the slow one fails while a second circuit is sought, that one is waited for", async () => {
  const bench = cheapPool(0);
  bench.network.slow.add("b");
  const { result, use, failed } = stream(bench);
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  use("a").reject(lost);
  await settle();
  assert.equal(bench.network.asked, 2);
  bench.network.release();
  await settle();
  use("b").resolve("answer");
  assert.equal(await result, "answer");
  assert.deepEqual(failed, ["a ERR_HOP_LOST"]);
  await bench.pool.stop();
});

test("when the slow one fails and the search for a second one does too, another is looked for once more", async () => {
  const bench = cheapPool(0);
  const choose = inTurn("a", "b");
  let isNobody = false;
  const { result, use } = stream(
    bench,
    requestOf("", (wishes) => {
      if (isNobody) throw new BywayError("ERR_NO_NODE", "nobody is left");
      return choose(wishes);
    }),
  );
  await settle();
  isNobody = true;
  bench.clock.advance(HEDGE_MS);
  isNobody = false;
  use("a").reject(lost);
  await settle();
  use("b").resolve("answer");
  assert.equal(await result, "answer");
  await bench.pool.stop();
});

test("a second circuit that cannot be had costs nothing of the budget", async () => {
  const bench = cheapPool(0);
  for (let count = 0; count < 3 * hedgesSaved.value; count += 1) {
    const { result, use } = stream(bench, requestOf("", inTurn("a")));
    await settle();
    bench.clock.advance(HEDGE_MS);
    await settle();
    use("a").resolve("at last");
    await result;
  }
  const { uses } = stream(bench, requestOf("other", inTurn("a", "b")));
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  assert.equal(uses.size, 2);
  await bench.pool.stop();
});

test("when nobody else is there, the slow one is waited for", async () => {
  const bench = cheapPool(0);
  const { result, use, uses } = stream(bench, requestOf("", inTurn("a")));
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  bench.clock.advance(10 * HEDGE_MS);
  use("a").resolve("at last");
  assert.deepEqual([await result, uses.size], ["at last", 1]);
  await bench.pool.stop();
});

test("an app that takes its request back takes both tries back", async () => {
  const bench = cheapPool(0);
  const controller = new AbortController();
  const { use } = stream(bench, { signal: controller.signal });
  await settle();
  bench.clock.advance(HEDGE_MS);
  await settle();
  controller.abort();
  assert.deepEqual([use("a").signal.aborted, use("b").signal.aborted], [true, true]);
  await bench.pool.stop();
});

test("a request that was taken back before a circuit was there is taken back on it", async () => {
  const bench = cheapPool(0);
  const ready = await bench.pool.circuit(requestOf("", inTurn("a")));
  const { use } = stream(bench, { ...requestOf("", inTurn("a")), signal: AbortSignal.abort() });
  assert.equal(use(exitOf(ready)).signal.aborted, true);
  await bench.pool.stop();
});

test("the app's signal remembers no stream that was opened, hedged or not", async () => {
  const bench = cheapPool(0);
  const { signal } = new AbortController();
  for (const isHedged of [false, true]) {
    const { result, use } = stream(bench, { signal });
    await settle();
    assert.ok(getEventListeners(signal, "abort").length > 0);
    if (isHedged) bench.clock.advance(HEDGE_MS);
    await settle();
    use(isHedged ? "b" : "a").resolve("answer");
    await result;
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  }
  await bench.pool.stop();
});

const declined = new BywayError("ERR_POLICY_PORT", "this exit's policy");

for (const [what, error] of [
  ["declines", declined],
  ["fails", lost],
] as const) {
  test(`after a refusal by the target an exit that ${what} brings no third try: nobody would own its stream`, async () => {
    const bench = cheapPool(0);
    const { result, uses, use, released } = stream(bench);
    await settle();
    bench.clock.advance(HEDGE_MS);
    await settle();
    use("a").reject(refused);
    await settle();
    bench.network.slow.add("c");
    // Only a circuit that must be built first can come after the result.
    for (const circuit of bench.built) circuit.close();
    use("b").reject(error);
    await assert.rejects(result, { code: "ERR_TARGET_REFUSED" });
    bench.clock.advance(HEDGE_MS);
    bench.network.release();
    await settle();
    assert.deepEqual([[...uses.keys()], released, bench.network.asked], [["a", "b"], [], 2]);
    await bench.pool.stop();
  });
}
