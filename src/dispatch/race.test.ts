import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { exitOf } from "../../test/support/fake-circuit.ts";
import { fakePool, refusal, saying, strictPool } from "../../test/support/fake-pool.ts";
import { requestOf } from "../../test/support/hops.ts";
import { raced, racedRequest } from "../../test/support/raced-request.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { BywayError } from "../core/errors.ts";
import { unprocessed } from "../link/unprocessed.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { type RacedRequest, race } from "./race.ts";

const common = racedRequest();

const lost = new BywayError("ERR_HOP_TIMEOUT", "silent");
const unread = unprocessed(new BywayError("ERR_HOP_LOST", "the link closed"));

test("an exit that fails is left for another, and takes no new streams", async () => {
  const { on, closed } = fakePool(["a", "b"]);
  const used = await raced(on, common, async (circuit) => {
    if (exitOf(circuit) === "a") throw lost;
    return exitOf(circuit);
  });
  assert.deepEqual([used, closed], ["b", ["a"]]);
});

test("bytes of the app's are never sent twice", async () => {
  const { on, closed } = fakePool(["a", "b"]);
  let uses = 0;
  const trying = raced(on, { ...common, sendsBytes: true }, async () => {
    uses += 1;
    throw lost;
  });
  await assert.rejects(trying, { code: "ERR_HOP_TIMEOUT" });
  assert.deepEqual([uses, closed], [1, ["a"]]);
});

test("what a hop provably did not read is sent again, to the same hop first, with bytes of the app's or without", async () => {
  for (const sendsBytes of [true, false]) {
    const { on, closed, ended } = fakePool(["a", "b"]);
    let uses = 0;
    const used = await raced(on, { ...common, sendsBytes }, async (circuit) => {
      uses += 1;
      if (uses === 1) throw unread;
      return exitOf(circuit);
    });
    assert.deepEqual([used, uses, closed, ended], ["a", 2, [], ["a"]]);
  }
});

test("a hop that reads no request twice running is left for another", async () => {
  const { on, closed } = fakePool(["a", "b"]);
  const used: string[] = [];
  const answer = await raced(on, { ...common, sendsBytes: true }, async (circuit) => {
    used.push(exitOf(circuit));
    if (exitOf(circuit) === "a") throw unread;
    return "answered";
  });
  assert.deepEqual([answer, used, closed], ["answered", ["a", "a", "b"], ["a"]]);
});

test("hops that did not read the request count as attempts, and a request that a later hop may have read is not repeated", async () => {
  const { on } = fakePool(["a", "b", "c", "d"]);
  let uses = 0;
  const failing = (errors: readonly BywayError[]) => async (): Promise<never> => {
    uses += 1;
    throw errors[uses - 1] ?? unread;
  };
  const sending = { ...common, sendsBytes: true };
  await assert.rejects(raced(on, sending, failing([])), unread);
  assert.equal(uses, DISPATCH_LIMITS.attempts.value);
  uses = 0;
  await assert.rejects(raced(on, sending, failing([unread, lost])), lost);
  assert.equal(uses, 2);
});

test("what a target says is final, and the circuit goes on", async () => {
  const { on, closed } = fakePool(["a", "b"]);
  const refused = new BywayError("ERR_TARGET_REFUSED", "nothing listens");
  await assert.rejects(
    raced(on, common, () => Promise.reject(refused)),
    refused,
  );
  assert.deepEqual(closed, []);
});

test("when nobody else is left the reason is the failure and not the lack", async () => {
  const { on } = fakePool(["a"]);
  await assert.rejects(
    raced(on, common, () => Promise.reject(lost)),
    lost,
  );
});

test("attempts are bounded", async () => {
  const { on } = fakePool(["a", "b", "c", "d", "e", "f"]);
  let uses = 0;
  const trying = raced(on, common, async () => {
    uses += 1;
    throw lost;
  });
  await assert.rejects(trying, lost);
  assert.equal(uses, DISPATCH_LIMITS.attempts.value);
});

test("each failed try is noted", async () => {
  const { on } = fakePool(["a", "b"]);
  const failed: string[][] = [];
  const noteFailure: RacedRequest["noteFailure"] = (circuit, { code }) => void failed.push([exitOf(circuit), code]);
  await raced(on, { ...common, noteFailure }, async (circuit) => {
    if (exitOf(circuit) === "a") throw lost;
  });
  assert.deepEqual(failed, [["a", "ERR_HOP_TIMEOUT"]]);
});

test("an exit's answer counts as the request judges it", async () => {
  const { on } = fakePool(["a", "b"]);
  const judged: RacedRequest["judged"] = (circuit) => refusal("ERR_POLICY_TARGET", exitOf(circuit));
  assert.equal(await raced(on, { ...common, judged }, saying({ a: refusal("ERR_TARGET_REFUSED", "a") })), "b");
});

test("the winner is told with its circuit and the time when its try began", async () => {
  const { on, clock } = fakePool(["a", "b"]);
  clock.advance(7);
  const { made, circuit, beganMs } = await race(on, common, saying({ a: refusal("ERR_POLICY_TARGET", "a") }));
  assert.deepEqual([made, exitOf(circuit), beganMs], ["b", "b", clock.monotonicMs()]);
});

test("that a session has lost its exit is told, and not by what it was lost", async () => {
  const { on } = fakePool(["a"]);
  const ended = new BywayError("ERR_SESSION_EXIT", "the session's exit is gone");
  const strict = { ...on, pool: strictPool(on, ended) };
  await assert.rejects(
    raced(strict, common, () => Promise.reject(lost)),
    ended,
  );
});

suite("an exit that declines", () => {
  for (const code of ["ERR_POLICY_PORT", "ERR_POLICY_TARGET", "ERR_POLICY_LISTED"] as const) {
    test(`${code}: another one is asked, and the circuit and its name stay good`, async () => {
      const { on, closed, resting } = fakePool(["a", "b"]);
      assert.equal(await raced(on, common, saying({ a: refusal(code, "a") })), "b");
      assert.deepEqual([closed, resting], [[], []]);
    });
  }

  for (const [code, retryAfterSec, restMs] of [
    ["ERR_NODE_LIMIT", 7, 7_000],
    ["ERR_STREAM_LIMIT", 0, CIRCUIT_LIMITS.leastRestMs.value],
    ["ERR_NODE_CLOSED", 99_999, CIRCUIT_LIMITS.longestRestMs.value],
    ["ERR_NODE_LOG", undefined, TRUST_LIMITS.failureMs.value],
  ] as const) {
    test(`${code}: another one is asked, and it is left in peace for a while`, async () => {
      const { on, closed, resting } = fakePool(["a", "b"]);
      const used = await raced(on, common, saying({ a: refusal(code, "a", retryAfterSec) }));
      assert.deepEqual([used, closed, resting], ["b", [], [["a", restMs]]]);
    });
  }

  test("keeps its circuit where there is no other one, and its words are what the app hears", async () => {
    const { on, closed, resting } = fakePool(["a"]);
    const full = refusal("ERR_NODE_LIMIT", "a", 9);
    await assert.rejects(raced(on, common, saying({ a: full })), full);
    assert.deepEqual([closed, resting], [[], []]);
  });

  test("is heard first where all decline, where the next is lost, and not where a target answers", async () => {
    const first = refusal("ERR_POLICY_LISTED", "a");
    const targetError = new BywayError("ERR_TARGET_REFUSED", "nothing listens");
    for (const [second, wanted] of [
      [refusal("ERR_POLICY_TARGET", "b"), first],
      [lost, first],
      [targetError, targetError],
    ] as const) {
      const { on } = fakePool(["a", "b"]);
      await assert.rejects(raced(on, common, saying({ a: first, b: second })), wanted);
    }
  });

  test("is one of as many as are asked at all", async () => {
    const asked: string[] = [];
    const names = ["a", "b", "c", "d", "e", "f"];
    const errors = Object.fromEntries(names.map((name) => [name, refusal("ERR_POLICY_TARGET", name)]));
    const trying = raced(fakePool(names).on, common, saying(errors, asked));
    await assert.rejects(trying, errors.a);
    assert.equal(asked.length, DISPATCH_LIMITS.attempts.value);
  });

  test("has others asked where it wants money, has no way to the target, or cannot read the target", async () => {
    for (const [code, rests] of [
      ["ERR_PAYMENT_REQUIRED", 1],
      ["ERR_TARGET_NETWORK", 0],
      ["ERR_TARGET_UNREACHABLE", 0],
      ["ERR_REQUEST_TARGET", 0],
    ] as const) {
      const { on, resting } = fakePool(["a", "b"]);
      const trying = raced(on, common, saying({ a: refusal(code, "a") }));
      assert.deepEqual([await trying, resting.length], ["b", rests], code);
    }
  });

  test("is the last to be asked where bytes of the app's went out, and what is never right anywhere is final", async () => {
    for (const [code, more] of [
      ["ERR_POLICY_TARGET", { sendsBytes: true }],
      ["ERR_NODE_CLOSED", { sendsBytes: true }],
      ["ERR_POLICY_PROTOCOL", {}],
      ["ERR_TARGET_PROHIBITED", {}],
    ] as const) {
      const asked: string[] = [];
      const trying = raced(fakePool(["a", "b"]).on, { ...common, ...more }, saying({ a: refusal(code, "a") }, asked));
      await assert.rejects(trying, { code });
      assert.deepEqual(asked, ["a"], code);
    }
  });

  test("keeps its session where it declined the request before, unless it is closed", async () => {
    for (const [code, moves] of [
      ["ERR_POLICY_TARGET", false],
      ["ERR_NODE_CLOSED", true],
    ] as const) {
      const asked: string[] = [];
      const error = refusal(code, "a");
      const session = { ...common, ...requestOf("", () => [], "s"), declined: { exit: "a", error } };
      const trying = raced(fakePool(["a", "b"]).on, session, saying({}, asked));
      if (moves) assert.equal(await trying, "b");
      else await assert.rejects(trying, error);
      assert.deepEqual(asked, moves ? ["b"] : []);
    }
  });

  test("keeps its session, unless it is closed", async () => {
    for (const [code, moves] of [
      ["ERR_POLICY_TARGET", false],
      ["ERR_NODE_LIMIT", false],
      ["ERR_PAYMENT_REQUIRED", false],
      ["ERR_NODE_CLOSED", true],
      ["ERR_NODE_LOG", true],
    ] as const) {
      const { on, resting } = fakePool(["a", "b"]);
      const session = { ...common, ...requestOf("", () => [], "s") };
      const trying = raced(on, session, saying({ a: refusal(code, "a") }));
      if (moves) assert.equal(await trying, "b", code);
      else await assert.rejects(trying, { code });
      assert.equal(resting.length, moves ? 1 : 0);
    }
  });
});
