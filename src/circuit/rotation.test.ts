import assert from "node:assert/strict";
import { test } from "node:test";
import { cheapPool, inTurn } from "../../test/support/cheap-pool.ts";
import { exitOf } from "../../test/support/fake-circuit.ts";
import { requestOf } from "../../test/support/hops.ts";
import type { Circuit } from "./circuit.ts";
import { CircuitGroup } from "./circuit-group.ts";
import type { CircuitRequest } from "./circuit-request.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const { rotationBurst, rotationsPerSecond, circuitsPerGroup, rotationBurstInAll, rotationsPerSecondInAll } =
  CIRCUIT_LIMITS;
const names = Array.from({ length: 40 }, (_, index) => `exit ${index}`);

/** What a stream needs of a group that rotates. */
const rotating = (user: string, ...exits: readonly string[]): CircuitRequest => ({
  ...requestOf(user, inTurn(...(exits.length > 0 ? exits : names))),
  rotates: true,
});
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const usable = (circuits: readonly Circuit[]): number => circuits.filter((circuit) => circuit.usable).length;

test("each stream takes an unused circuit first, and else the one that served longest ago", async () => {
  const { pool } = cheapPool(1);
  const need = rotating("a");
  const exits: string[] = [];
  for (let count = 0; count < rotationBurst.value; count += 1) {
    exits.push(exitOf(await pool.circuit(need)));
    await settle();
  }
  assert.equal(new Set(exits).size, rotationBurst.value);
  for (let round = 0; round < 2; round += 1) {
    for (const exit of exits) assert.equal(exitOf(await pool.circuit(need)), exit);
  }
  await pool.stop();
});

test("no exit serves twice in a row as long as another one is ready", async () => {
  const { pool } = cheapPool(0);
  // Two circuits in three go to one exit.
  const need = rotating("a", "x", "x", "y");
  const exits: string[] = [];
  for (let count = 0; count < 60; count += 1) {
    exits.push(exitOf(await pool.circuit(need)));
    await settle();
  }
  const repeated = exits.filter((exit, index) => index > 2 && exit === exits[index - 1]);
  assert.deepEqual(repeated, []);
  await pool.stop();
});

test("where one exit is all there is, one circuit serves, and another exit is looked for once a minute", async () => {
  const { pool, clock, network } = cheapPool(0);
  const need = rotating("a", "only");
  const circuits = new Set<Circuit>();
  const ask = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      for (let count = 0; count < 50; count += 1) circuits.add(await pool.circuit(need));
      await settle();
      clock.advance(1_000);
    }
  };
  await ask(50);
  const { asked } = network;
  assert.ok(asked <= 3, `the first, and two at once that might have had another exit, not ${asked}`);
  assert.equal(circuits.size, 1);
  await ask(50);
  assert.ok(network.asked > asked && network.asked <= asked + 2, `${network.asked} after ${asked}`);
  await pool.stop();
});

for (const spares of [0, 4]) {
  test(`thousands of streams a second get circuits at once, and no more are built than the pace allows, ${spares} spares`, async () => {
    const { pool, clock, network } = cheapPool(spares);
    const need = rotating("a");
    await pool.circuit(need);
    const seconds = 10;
    const exits = new Set<string>();
    for (let second = 0; second < seconds; second += 1) {
      for (let count = 0; count < 2_000; count += 1) {
        const asked = pool.circuit(need);
        const circuit = await Promise.race([asked, settle()]);
        assert.ok(circuit !== undefined, "a stream waited");
        exits.add(exitOf(circuit));
      }
      clock.advance(1_000);
    }
    const most = rotationBurst.value + rotationsPerSecond.value * seconds + spares;
    assert.ok(network.asked <= most && network.asked >= most - rotationsPerSecond.value - spares, `${network.asked}`);
    assert.equal(exits.size, names.length);
    await pool.stop();
  });
}

test("all groups together have a bound too, and a group without any circuit gets one all the same", async () => {
  const { pool, clock, network } = cheapPool(0);
  const needs = Array.from({ length: 100 }, (_, index) => rotating(`user ${index}`));
  const seconds = 5;
  for (let second = 0; second < seconds; second += 1) {
    for (const need of needs) for (let count = 0; count < 10; count += 1) await pool.circuit(need);
    await settle();
    clock.advance(1_000);
  }
  const most = needs.length + rotationBurstInAll.value + rotationsPerSecondInAll.value * seconds;
  assert.ok(network.asked <= most, `${network.asked} were built`);
  await pool.stop();
});

test("a full group leaves the circuit that served longest ago when a fresh one joins, and its streams finish", async () => {
  const { pool, clock, built } = cheapPool(0);
  const need = rotating("a");
  while (built.length < circuitsPerGroup.value) {
    await pool.circuit(need);
    await settle();
    clock.advance(1_000);
  }
  for (let turns = 0; usable(built) === built.length; turns += 1) {
    assert.ok(turns < 20, "nothing was ever left");
    clock.advance(1_000);
    await pool.circuit(need);
    await settle();
  }
  assert.equal(usable(built), circuitsPerGroup.value);
  await pool.stop();
});

test("a fresh circuit that has not served yet is not the one to be left", async () => {
  const { pool, clock } = cheapPool(0);
  const { group: isolation } = rotating("a");
  const group = new CircuitGroup({ clock }, isolation);
  const circuits: Circuit[] = [];
  for (let index = 0; index <= circuitsPerGroup.value; index += 1) {
    circuits.push(await pool.circuit(rotating(`user ${index}`)));
  }
  for (const circuit of circuits.slice(0, -1)) group.add(circuit);
  for (const circuit of circuits.slice(5, 12)) group.serve(circuit);
  for (const circuit of circuits.slice(-1)) group.add(circuit);
  assert.deepEqual(
    circuits.filter((circuit) => !circuit.usable),
    circuits.slice(5, 6),
  );
  await pool.stop();
});

test("those who come at once, with nothing ready, spread over as many builds as the pace allows", async () => {
  const { pool, network, built } = cheapPool(0);
  for (const name of names) network.slow.add(name);
  const need = rotating("a");
  const asked = Array.from({ length: 500 }, () => pool.circuit(need));
  await settle();
  assert.equal(network.asked, rotationBurst.value);
  network.release();
  const served = (await Promise.all(asked)).map((circuit) => built.indexOf(circuit));
  const counts = built.map((_, index) => served.filter((each) => each === index).length);
  assert.equal(counts.length, rotationBurst.value);
  assert.ok(Math.min(...counts) > 40, counts.join());
  await pool.stop();
});
