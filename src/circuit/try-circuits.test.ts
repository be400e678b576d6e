import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitPool } from "./circuit-pool.ts";
import type { Hop } from "./hop.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { tryCircuits } from "./try-circuits.ts";

/** A pool whose circuits go to the first of `exits` that is not excluded, and are remembered until they close. */
function fakePool(exits: readonly string[], onBuild: (exit: string) => void = () => {}) {
  let current: { hops: readonly { peerId: string }[]; close(): void } | undefined;
  const closed: string[] = [];
  const pool = {
    async circuit(_key: string, plan: () => readonly Hop[]) {
      if (current === undefined) {
        const hops = plan();
        const exit = String(hops[0]?.peerId);
        onBuild(exit);
        current = {
          hops,
          close: () => {
            closed.push(exit);
            current = undefined;
          },
        };
      }
      return current;
    },
  };
  const plan = (failed: ReadonlySet<string>): readonly Hop[] => {
    const exit = exits.find((name) => !failed.has(name));
    if (exit === undefined) throw new BywayError("ERR_NO_NODE", "nobody is left");
    return [{ peerId: exit } as unknown as Hop];
  };
  return { pool: pool as unknown as CircuitPool, plan, closed };
}

const exitOf = (circuit: Circuit): string => String(circuit.hops[0]?.peerId);
const lost = new BywayError("ERR_HOP_TIMEOUT", "silent");
const common = { key: "k", sendsBytes: false, signal: new AbortController().signal };

test("an exit that fails is left for another, and takes no new streams", async () => {
  const { pool, plan, closed } = fakePool(["a", "b"]);
  const used = await tryCircuits(pool, { ...common, plan }, async (circuit) => {
    if (exitOf(circuit) === "a") throw lost;
    return exitOf(circuit);
  });
  assert.deepEqual([used, closed], ["b", ["a"]]);
});

test("a hop that fails while a circuit is built is left out of the next plan", async () => {
  const { pool, plan } = fakePool(["a", "b"], (exit) => {
    if (exit === "a") throw new BywayError("ERR_HOP_UNREACHABLE", "gone", { data: { peerId: "a" } });
  });
  assert.equal(await tryCircuits(pool, { ...common, plan }, async (circuit) => exitOf(circuit)), "b");
});

test("bytes of the app's are never sent twice", async () => {
  const { pool, plan, closed } = fakePool(["a", "b"]);
  let uses = 0;
  const trying = tryCircuits(pool, { ...common, plan, sendsBytes: true }, async () => {
    uses += 1;
    throw lost;
  });
  await assert.rejects(trying, { code: "ERR_HOP_TIMEOUT" });
  assert.deepEqual([uses, closed], [1, ["a"]]);
});

test("what a target or a policy says is final, and the circuit goes on", async () => {
  const { pool, plan, closed } = fakePool(["a", "b"]);
  const refused = new BywayError("ERR_TARGET_REFUSED", "nothing listens");
  await assert.rejects(
    tryCircuits(pool, { ...common, plan }, () => Promise.reject(refused)),
    refused,
  );
  assert.deepEqual(closed, []);
});

test("when nobody else is left the reason is the failure and not the lack", async () => {
  const { pool, plan } = fakePool(["a"]);
  await assert.rejects(
    tryCircuits(pool, { ...common, plan }, () => Promise.reject(lost)),
    lost,
  );
});

test("attempts are bounded", async () => {
  const { pool, plan } = fakePool(["a", "b", "c", "d", "e", "f"]);
  let uses = 0;
  const trying = tryCircuits(pool, { ...common, plan }, async () => {
    uses += 1;
    throw lost;
  });
  await assert.rejects(trying, lost);
  assert.equal(uses, CIRCUIT_LIMITS.attempts.value);
});
