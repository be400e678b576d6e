import assert from "node:assert/strict";
import { test } from "node:test";
import { cheapPool, inTurn } from "../../test/support/cheap-pool.ts";
import { exitOf, linkOf } from "../../test/support/fake-circuit.ts";
import { requestOf } from "../../test/support/hops.ts";
import { raced, racedRequest } from "../../test/support/raced-request.ts";
import type { CircuitRequest } from "../circuit/circuit-request.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { BywayError } from "../core/errors.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const lost = new BywayError("ERR_HOP_TIMEOUT", "the exit no longer answers");

test("when an exit is gone no group uses its circuits any more, and the spares through it end", async () => {
  const { pool, outcomes, built } = cheapPool(2);
  const [a, b, other] = await Promise.all([
    pool.circuit(requestOf("a", inTurn("x"))),
    pool.circuit(requestOf("b", inTurn("x"))),
    pool.circuit(requestOf("c", inTurn("y"), "", "country=y")),
  ]);
  linkOf(b).streams = 1;
  await settle();
  outcomes.failed(a, "x");
  const through = (exit: string) => built.filter((circuit) => circuit.usable && exitOf(circuit) === exit).length;
  assert.deepEqual([through("x"), other.usable], [0, true]);
  let isOver = false;
  void b.closed.then(() => {
    isOver = true;
  });
  await settle();
  assert.equal(isOver, false, "what it carries goes on");
  b.destroy();
  await pool.stop();
});

test("an exit that is busy or refuses keeps the circuits of others", async () => {
  const { pool, outcomes } = cheapPool(0);
  const a = await pool.circuit(requestOf("a", inTurn("x")));
  const b = await pool.circuit(requestOf("b", inTurn("x")));
  outcomes.failed(a, "x", "ERR_HOP_LIMIT");
  assert.deepEqual([a.usable, b.usable], [false, true]);
  outcomes.failed(b, "x", "ERR_HOP_LOST");
  assert.equal(b.usable, false);
  await pool.stop();
});

test("an exit whose circuit is only retired is not gone when a stream on it is lost", async () => {
  const { pool, outcomes } = cheapPool(0);
  const a = await pool.circuit(requestOf("a", inTurn("x")));
  const b = await pool.circuit(requestOf("b", inTurn("x")));
  linkOf(a).streams = 1;
  a.close();
  outcomes.failed(a, "x", "ERR_HOP_LOST");
  assert.equal(b.usable, true);
  a.destroy();
  outcomes.failed(a, "x", "ERR_HOP_LOST");
  assert.equal(b.usable, false);
  await pool.stop();
});

test("an unused circuit that is found silent takes its exit's load away too", async () => {
  const { pool, clock, network } = cheapPool(1);
  pool.expect(requestOf("", inTurn("x", "y")));
  await settle();
  const used = await pool.circuit(requestOf("a", inTurn("x"), "", "other"));
  network.silent.add("x");
  clock.advance(CIRCUIT_LIMITS.checkPeriodMs.value);
  clock.advance(CIRCUIT_LIMITS.checkMs.value);
  await settle();
  assert.equal(used.usable, false);
  await pool.stop();
});

for (const rotates of [true, false]) {
  test(`a dead node's share falls to zero within its second failure, rotates=${rotates}`, async () => {
    const { pool, outcomes, clock } = cheapPool(4);
    const names = Array.from({ length: 10 }, (_, index) => `exit ${index}`);
    const dead = names[3];
    const uses = new Map<string, number>();
    let failures = 0;
    // Each user's streams are a group, which would each find out for itself.
    const needs: CircuitRequest[] = Array.from({ length: 20 }, (_, user) => ({
      ...requestOf(`user ${user}`, inTurn(...names.slice(user % 10), ...names.slice(0, user % 10))),
      rotates,
    }));
    const one = (need: CircuitRequest): Promise<void> =>
      raced({ pool, outcomes, clock }, racedRequest(need), async (circuit) => {
        const exit = exitOf(circuit);
        uses.set(exit, (uses.get(exit) ?? 0) + 1);
        if (failures === 0 && uses.size < names.length) return;
        if (exit !== dead) return;
        failures += 1;
        throw lost;
      });
    const rounds = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round += 1) {
        for (const need of needs) await one(need);
        await settle();
        clock.advance(100);
      }
    };
    while (failures === 0) await rounds(1);
    uses.clear();
    const before = failures;
    await rounds(100);
    assert.deepEqual([uses.get(String(dead)) ?? 0, before <= 2], [0, true], `${before} failures`);
    await pool.stop();
  });
}

test("a node that comes back gets its load back", async () => {
  const { pool, outcomes, clock } = cheapPool(0);
  const x = await pool.circuit(requestOf("a", inTurn("x", "y")));
  outcomes.failed(x, "x");
  assert.equal(exitOf(await pool.circuit(requestOf("b", inTurn("x", "y")))), "y");
  clock.advance(TRUST_LIMITS.failureMs.value);
  const again = await pool.circuit(requestOf("c", inTurn("x", "y")));
  assert.equal(exitOf(again), "x");
  outcomes.failed(again, "x");
  clock.advance(TRUST_LIMITS.failureMs.value);
  assert.equal(exitOf(await pool.circuit(requestOf("d", inTurn("x", "y")))), "y", "the second mark is longer");
  await pool.stop();
});

test("a success heals a node at once", async () => {
  const { pool, outcomes, clock } = cheapPool(0);
  outcomes.failed(await pool.circuit(requestOf("a", inTurn("x"))), "x");
  clock.advance(1);
  // Nobody else will do.
  const request = racedRequest(requestOf("b", inTurn("x")));
  await raced({ pool, outcomes, clock }, { ...request, isOptimistic: true }, async () => {});
  assert.equal(exitOf(await pool.circuit(requestOf("c", inTurn("x", "y")))), "y", "nobody has answered yet");
  await raced({ pool, outcomes, clock }, request, async () => {});
  assert.equal(exitOf(await pool.circuit(requestOf("d", inTurn("x", "y")))), "x");
  await pool.stop();
});
