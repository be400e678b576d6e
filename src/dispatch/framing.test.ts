import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { poolBench } from "../../test/support/pool-bench.ts";
import { settled } from "../../test/support/settled.ts";
import type { CircuitBuilder } from "../circuit/circuit-builder.ts";
import type { PathSelector } from "../circuit/circuit-request.ts";
import type { Hop } from "../circuit/hop.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { SAYABLE } from "../link/hop-word.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { Observer } from "../trust/observer.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

/** A client of six nodes: node 0 is its guard, which refuses all but node 1. `answers` is what its own checks find. */
async function framed(answers: boolean | undefined, code: ErrorCode = "ERR_HOP_UNREACHABLE", carries = false) {
  const network = await hopNetwork(6);
  network.beforeOnward = async (index, peerId) => {
    if (index === 0 && peerId !== network.peers[1]) throw new BywayError(code, "believe me");
  };
  const clock = new FakeClock();
  const checked: number[] = [];
  const at = (peer: string): number => network.peers.map(String).indexOf(peer);
  const observer = new Observer({
    clock,
    check: async (peer) => {
      checked.push(at(peer));
      return answers;
    },
    examine: async () => carries,
  });
  const failed: number[] = [];
  const asGuard: number[] = [];
  observer.subscribe(({ peerId, what, isFirst }, isNews) => {
    if (what !== "failed") return;
    if (isNews) failed.push(at(peerId));
    if (isFirst) asGuard.push(at(peerId));
  });
  const builder = network.builder(clock, { observer });
  const { pool, outcomes } = poolBench(clock, () => builder, { observer });
  return {
    network,
    clock,
    builder,
    pool,
    outcomes,
    failed,
    asGuard,
    checked,
  };
}

/** Builds circuits over the guard to each of the exits 2 to 5 in turn; all are refused. */
async function buildToAll(builder: CircuitBuilder, hops: readonly Hop[], clock: FakeClock): Promise<void> {
  const [guard, , ...exits] = hops;
  for (const exit of exits) {
    const choose: PathSelector = ({ failed }) => {
      if (guard === undefined || failed.has(exit.peerId)) throw new BywayError("ERR_NO_NODE", "nobody is left");
      return [guard, exit];
    };
    await assert.rejects(builder.build(choose), /believe me/);
    await settled();
    clock.advance(TRUST_LIMITS.failureMs.value);
  }
}

suite("a guard that refuses all exits but its friend", () => {
  for (const code of SAYABLE.hop) {
    test(`takes no trust from them by ${code}`, { timeout: 20_000 }, async (t) => {
      const { network, clock, builder, failed } = await framed(true, code);
      t.after(() => network[Symbol.asyncDispose]());
      await buildToAll(builder, network.hopsOf(0, 1, 2, 3, 4, 5), clock);
      assert.ok(
        failed.every((index) => index === 0),
        `failed: ${failed}`,
      );
      await builder.stop();
    });
  }

  test("loses trust itself, and its place as a guard, where they answer", { timeout: 20_000 }, async (t) => {
    const { network, clock, builder, failed, asGuard, checked } = await framed(true);
    t.after(() => network[Symbol.asyncDispose]());
    await buildToAll(builder, network.hopsOf(0, 1, 2, 3, 4, 5), clock);
    assert.deepEqual(checked, [2, 3, 4, 5]);
    assert.deepEqual(
      [failed, asGuard],
      [
        [0, 0],
        [0, 0],
      ].map((all) => all.slice(0, failed.length)),
    );
    assert.ok(failed.length > 0);
    await builder.stop();
  });

  test("loses nothing where it is they who refuse it, and the nodes that the client draws do not", async (t) => {
    const { network, clock, builder, failed, asGuard } = await framed(true, "ERR_HOP_UNREACHABLE", true);
    t.after(() => network[Symbol.asyncDispose]());
    for (let round = 0; round < 3; round += 1) await buildToAll(builder, network.hopsOf(0, 1, 2, 3, 4, 5), clock);
    assert.deepEqual([failed, asGuard], [[], []]);
    await builder.stop();
  });

  test("told the truth where they do not answer", { timeout: 20_000 }, async (t) => {
    const { network, clock, builder, failed, asGuard } = await framed(false);
    t.after(() => network[Symbol.asyncDispose]());
    await buildToAll(builder, network.hopsOf(0, 1, 2, 3, 4, 5), clock);
    assert.deepEqual([failed, asGuard], [[2, 3, 4, 5], []]);
    await builder.stop();
  });

  test("has those that it accuses passed over for a while, and no longer", { timeout: 20_000 }, async (t) => {
    const { network, clock, builder } = await framed(true);
    t.after(() => network[Symbol.asyncDispose]());
    const hops = network.hopsOf(0, 1, 2);
    const left: string[][] = [];
    const choose: PathSelector = ({ failed }) => {
      left.push([...failed]);
      return hops.filter(({ peerId }) => !failed.has(peerId)).toSpliced(1, hops.length - 2 - failed.size);
    };
    (await builder.build(choose)).destroy();
    assert.deepEqual(left.at(-1), [network.peers[2]]);
    left.length = 0;
    clock.advance(TRUST_LIMITS.failureMs.value - 1);
    (await builder.build(choose)).destroy();
    assert.deepEqual(left[0], [network.peers[2]]);
    clock.advance(1);
    left.length = 0;
    (await builder.build(choose)).destroy();
    assert.deepEqual(left[0], []);
    await builder.stop();
  });
});

suite("a circuit that ends on its way", () => {
  for (const answers of [true, false, undefined])
    test(`costs its exit trust by the own check alone, which finds ${answers}`, { timeout: 20_000 }, async (t) => {
      const { network, clock, builder, pool, outcomes, failed, checked } = await framed(answers);
      t.after(() => network[Symbol.asyncDispose]());
      const hops = network.hopsOf(0, 1);
      for (const code of [undefined, "ERR_HOP_TIMEOUT", "ERR_HOP_LOST"] as const) {
        outcomes.failed(await builder.build(() => hops), network.peers[1], code);
        await settled();
        clock.advance(TRUST_LIMITS.longestFailureMs.value);
      }
      assert.deepEqual([checked, failed], [[1, 1, 1], answers === false ? [1, 1, 1] : []]);
      outcomes.failed(await builder.build(() => hops), network.peers[0], "ERR_HOP_LOST");
      outcomes.failed(await builder.build(() => hops), network.peers[1], "ERR_HOP_PROTOCOL");
      assert.deepEqual(failed.slice(answers === false ? 3 : 0), [0, 1]);
      await pool.stop();
    });

  test("for being late costs an exit behind another hop no trust", { timeout: 20_000 }, async (t) => {
    const { network, builder, pool, outcomes, failed } = await framed(true);
    t.after(() => network[Symbol.asyncDispose]());
    for (const [indices, wanted] of [
      [[0, 1], []],
      [[2], [2]],
    ] as const) {
      failed.length = 0;
      const circuit = await builder.build(() => network.hopsOf(...indices));
      for (let race = 0; race < DISPATCH_LIMITS.racesLost.value; race += 1) outcomes.lostRace(circuit);
      await settled();
      assert.deepEqual(failed, wanted);
    }
    await pool.stop();
  });
});
