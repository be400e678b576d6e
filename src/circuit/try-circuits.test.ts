import assert from "node:assert/strict";
import { test } from "node:test";
import { needOf } from "../../test/support/hops.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitNeed } from "./circuit-need.ts";
import type { CircuitPool } from "./circuit-pool.ts";
import type { CircuitAttempt } from "./circuit-request.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { tryCircuits } from "./try-circuits.ts";

/** A pool whose circuits go to the first of `exits` that has not failed, and are remembered until they are retired. */
function fakePool(exits: readonly string[]) {
  let current: Circuit | undefined;
  const closed: string[] = [];
  const pool = {
    clock: new FakeClock(),
    noteSuccess() {},
    async circuit(_need: CircuitNeed, failed: ReadonlySet<string>) {
      const exit = exits.find((name) => !failed.has(name));
      if (exit === undefined) throw new BywayError("ERR_NO_NODE", "nobody is left");
      current ??= { hops: [{ peerId: exit }], usable: true, room: 1 } as unknown as Circuit;
      return current;
    },
    retire(circuit: Circuit) {
      closed.push(exitOf(circuit));
      current = undefined;
    },
  };
  return { pool: pool as unknown as CircuitPool, closed };
}

const exitOf = (circuit: Circuit): string => String(circuit.hops[0]?.peerId);
const lost = new BywayError("ERR_HOP_TIMEOUT", "silent");
const common = {
  ...needOf("", () => []),
  sendsBytes: false,
  signal: new AbortController().signal,
};

test("an exit that fails is left for another, and takes no new streams", async () => {
  const { pool, closed } = fakePool(["a", "b"]);
  const used = await tryCircuits(pool, { ...common }, async (circuit) => {
    if (exitOf(circuit) === "a") throw lost;
    return exitOf(circuit);
  });
  assert.deepEqual([used, closed], ["b", ["a"]]);
});

test("bytes of the app's are never sent twice", async () => {
  const { pool, closed } = fakePool(["a", "b"]);
  let uses = 0;
  const trying = tryCircuits(pool, { ...common, sendsBytes: true }, async () => {
    uses += 1;
    throw lost;
  });
  await assert.rejects(trying, { code: "ERR_HOP_TIMEOUT" });
  assert.deepEqual([uses, closed], [1, ["a"]]);
});

test("what a target or a policy says is final, and the circuit goes on", async () => {
  const { pool, closed } = fakePool(["a", "b"]);
  const refused = new BywayError("ERR_TARGET_REFUSED", "nothing listens");
  await assert.rejects(
    tryCircuits(pool, { ...common }, () => Promise.reject(refused)),
    refused,
  );
  assert.deepEqual(closed, []);
});

test("when nobody else is left the reason is the failure and not the lack", async () => {
  const { pool } = fakePool(["a"]);
  await assert.rejects(
    tryCircuits(pool, { ...common }, () => Promise.reject(lost)),
    lost,
  );
});

test("attempts are bounded", async () => {
  const { pool } = fakePool(["a", "b", "c", "d", "e", "f"]);
  let uses = 0;
  const trying = tryCircuits(pool, { ...common }, async () => {
    uses += 1;
    throw lost;
  });
  await assert.rejects(trying, lost);
  assert.equal(uses, CIRCUIT_LIMITS.attempts.value);
});

test("each try is told, with how it ended", async () => {
  const { pool } = fakePool(["a", "b"]);
  const told: (string | undefined)[][] = [];
  const onAttempt = ({ circuit, error }: CircuitAttempt): void => void told.push([exitOf(circuit), error?.code]);
  await tryCircuits(pool, { ...common, onAttempt }, async (circuit) => {
    if (exitOf(circuit) === "a") throw lost;
  });
  assert.deepEqual(told, [
    ["a", "ERR_HOP_TIMEOUT"],
    ["b", undefined],
  ]);
});

test("that a session has lost its exit is told, and not by what it was lost", async () => {
  const { pool } = fakePool(["a"]);
  const ended = new BywayError("ERR_SESSION_EXIT", "the session's exit is gone");
  const strict = Object.assign(Object.create(pool) as CircuitPool, {
    circuit: (need: CircuitNeed, failed: ReadonlySet<string>) =>
      failed.size === 0 ? pool.circuit(need, failed) : Promise.reject(ended),
  });
  await assert.rejects(
    tryCircuits(strict, { ...common }, () => Promise.reject(lost)),
    ended,
  );
});
