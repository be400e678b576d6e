import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { exitOf, linkOf } from "../../test/support/fake-circuit.ts";
import { fakePool, refusal, saying, strictPool } from "../../test/support/fake-pool.ts";
import { requestOf } from "../../test/support/hops.ts";
import { raced, racedRequest } from "../../test/support/raced-request.ts";
import { settled } from "../../test/support/settled.ts";
import type { Circuit } from "../circuit/circuit.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { BywayError } from "../core/errors.ts";
import type { FakeClock } from "../core/fake-clock.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { Patience } from "./patience.ts";

const common = racedRequest();

suite("an exit that takes no more for now", () => {
  const full = refusal("ERR_NODE_LIMIT", "a", 1);
  const session = { ...common, ...requestOf("", () => [], "s") };

  /** Turns the clock until the tries are over; tells the result and how long it took. */
  async function driven<T>(clock: FakeClock, trying: Promise<T>): Promise<{ result: T | BywayError; ms: number }> {
    const beganMs = clock.monotonicMs();
    let result: T | BywayError | undefined;
    trying.then(
      (value) => (result = value),
      (error) => (result = error),
    );
    while (result === undefined) {
      await settled();
      if (result === undefined) clock.advance(10);
    }
    return { result, ms: clock.monotonicMs() - beganMs };
  }

  /** An exit that takes 20 streams a second, and 8 at once. */
  function limited(clock: FakeClock) {
    const rate = new TokenBucket({ perSecond: 20, burst: 8 });
    const refused: number[] = [];
    const use = async (circuit: Circuit): Promise<string> => {
      if (rate.tryTake(clock.monotonicMs())) return exitOf(circuit);
      refused.push(clock.monotonicMs());
      throw full;
    };
    return { use, refused };
  }

  for (const [what, request, exits] of [
    ["a lone exit", common, ["a"]],
    ["a session's exit, which it keeps", session, ["a", "b"]],
  ] as const) {
    test(`is waited for: ${what}`, { timeout: 20_000 }, async () => {
      const { on, clock, resting } = fakePool(exits);
      const { use, refused } = limited(clock);
      const used: string[] = [];
      const trying = Array.from({ length: 30 }, async () => {
        used.push(await raced(on, request, use));
      });
      const { ms } = await driven(clock, Promise.all(trying));
      assert.deepEqual(used, Array(30).fill("a"));
      assert.ok(ms <= 2_500, `${ms} ms`);
      assert.ok(refused.length <= 60, `${refused.length} refusals`);
      assert.deepEqual([resting, clock.pending], [[], 0]);
    });
  }

  test("serves a user who comes second, also where the first has asked for all that it takes", async () => {
    const { on, clock } = fakePool(["a"]);
    const { use } = limited(clock);
    const asks = (user: string, count: number): Promise<(string | BywayError)[]> =>
      Promise.all(
        Array.from({ length: count }, () =>
          raced(on, { ...common, ...requestOf(user, () => []) }, use).catch((error: BywayError) => error),
        ),
      );
    // It is known that the exit takes 17 a second.
    await asks("cid", 8);
    on.outcomes.paces.noteRefused("a");
    const first = asks("ann", 200);
    await settled();
    const second = asks("bob", 5);
    const { result } = await driven(clock, second);
    assert.deepEqual(result, Array(5).fill("a"));
    const { result: others } = await driven(clock, first);
    assert.ok(Array.isArray(others));
    assert.ok(others.filter((one) => one === "a").length > 20);
    assert.deepEqual([on.outcomes.paces.waiting, clock.pending], [0, 0]);
  });

  test("keeps its session, whose further streams are refused when there are too many", async () => {
    const { on, clock } = fakePool(["a", "b"]);
    const { use } = limited(clock);
    const results: (string | BywayError)[] = [];
    const trying = Array.from({ length: 200 }, async () => {
      results.push(await raced(on, session, use).catch((error: BywayError) => error));
    });
    await driven(clock, Promise.all(trying));
    const refused = results.filter((result) => result instanceof BywayError);
    assert.ok(!results.includes("b"));
    assert.ok(refused.length > 100 && refused.length < 180, `${refused.length} refused`);
    assert.ok(refused.every(({ code, data }) => code === "ERR_NODE_LIMIT" && Number(data.retryAfterSec) >= 1));
    assert.deepEqual([on.outcomes.paces.waiting, clock.pending], [0, 0]);
  });

  test("is left for another that fits, at once", async () => {
    const { on, clock } = fakePool(["a", "b"]);
    const { result, ms } = await driven(clock, raced(on, common, saying({ a: full })));
    assert.deepEqual([result, ms], ["b", 0]);
  });

  test("is waited for two seconds at the most, and then its words are told, or a session leaves it", async () => {
    for (const [exits, request, told] of [
      [["a"], common, full],
      [["a"], session, full],
      [["a", "b"], session, "b"],
    ] as const) {
      const { on, clock } = fakePool(exits);
      const asked: string[] = [];
      const { result, ms } = await driven(clock, raced(on, request, saying({ a: full }, asked)));
      assert.equal(result, told);
      assert.ok(ms >= 500 && ms <= CIRCUIT_LIMITS.patienceMs.value + 10, `${ms} ms`);
      assert.ok(asked.length <= DISPATCH_LIMITS.pacedTries.value + 1, `${asked.length} tries`);
    }
  });

  test("is tried so many times at the most, however many streams of others it takes meanwhile", async () => {
    const { on, clock } = fakePool(["a"]);
    let tries = 0;
    const use = async (): Promise<string> => {
      tries += 1;
      for (let n = 0; n < 1_000; n += 1) on.outcomes.paces.noteTaken("a");
      throw full;
    };
    const { result } = await driven(clock, raced(on, common, use));
    assert.deepEqual([result, tries], [full, DISPATCH_LIMITS.pacedTries.value]);
  });

  test("of a strict session that waited in vain is told as such, and not as a lost exit", async () => {
    const { on, clock } = fakePool(["a"]);
    const ended = new BywayError("ERR_SESSION_EXIT", "the session's exit is gone");
    const strict = { ...on, pool: strictPool(on, ended) };
    const { result } = await driven(clock, raced(strict, session, saying({ a: full })));
    assert.equal(result, full);
  });

  test("and refuses everything holds nobody any more: others come first, and a lone one is told at once", async () => {
    const { on, clock } = fakePool(["a"]);
    const asked: string[] = [];
    for (let n = 0; n < 4; n += 1) await driven(clock, raced(on, common, saying({ a: full })));
    for (let n = 0; n < 50; n += 1) {
      const { result, ms } = await driven(clock, raced(on, common, saying({ a: full }, asked)));
      assert.ok(result instanceof BywayError && result.code === "ERR_NODE_LIMIT");
      assert.equal(ms, 0);
      clock.advance(100);
    }
    assert.ok(asked.length <= 4, `asked ${asked.length} times in 5 s`);
  });

  test("is not tried again where bytes of the app's went out", async () => {
    const { on, clock } = fakePool(["a", "b"]);
    const asked: string[] = [];
    const trying = raced(on, { ...common, sendsBytes: true }, saying({ a: full }, asked));
    assert.deepEqual([(await driven(clock, trying)).result, asked], [full, ["a"]]);
  });

  test("and declined the request before is left for others first, and waited for where there are none", async () => {
    for (const [exits, taken] of [
      [["a", "b"], "b"],
      [["a"], "a"],
    ] as const) {
      const { on, clock } = fakePool(exits);
      on.outcomes.paces.noteRefused("a");
      const request = { ...common, declined: { exit: "a", error: full } };
      const { result } = await driven(clock, raced(on, request, saying({})));
      assert.equal(result, taken);
    }
  });

  test("gives its turn back where its circuit closed while it waited, and has it for the next circuit", async () => {
    const { on, clock } = fakePool(["a"]);
    const { paces } = on.outcomes;
    paces.take("a", "", 0);
    paces.noteTaken("a");
    paces.noteRefused("a");
    const ready = await on.pool.build(common);
    const turnMs = paces.waitMs("a");
    const patience = new Patience(on, common);
    const waiting = patience.circuit(new Set());
    await settled();
    assert.equal(paces.waiting, 1);
    linkOf(ready).usable = false;
    ready.close();
    clock.advance(Math.ceil(turnMs * 1.1) + 1);
    await settled();
    assert.equal(paces.waiting, 0, "it waits for a second turn");
    assert.notEqual(await waiting, ready);
    assert.equal(clock.pending, 0);
  });

  test("refuses with what is so: other streams wait there, or it asked for a pause and nobody waits", async () => {
    for (const [others, told] of [
      [0, /: they asked for a pause$/],
      [300, /: other streams wait for them already$/],
    ] as const) {
      const { on, clock } = fakePool(["a"]);
      const { paces } = on.outcomes;
      if (others === 0) {
        for (let n = 0; n < 4; n += 1) await driven(clock, raced(on, common, saying({ a: full })));
      } else {
        paces.noteRefused("a");
      }
      const waiting = Array.from({ length: others }, () => raced(on, common, saying({})).catch(() => {}));
      await settled();
      assert.equal(paces.waiting > 0, others > 0);
      await assert.rejects(raced(on, common, saying({})), { code: "ERR_NODE_LIMIT", message: told });
      await driven(clock, Promise.all(waiting));
    }
  });
});
