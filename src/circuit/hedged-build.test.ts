import assert from "node:assert/strict";
import { test } from "node:test";
import { CHEAP_HOP_MS, cheapPool, inTurn } from "../../test/support/cheap-pool.ts";
import { exitOf } from "../../test/support/fake-circuit.ts";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { requestOf } from "../../test/support/hops.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { generateIdentity } from "../identity/identity.ts";
import { Observer } from "../trust/observer.ts";
import type { Circuit } from "./circuit.ts";
import type { BuildOptions } from "./circuit-builder.ts";
import { CircuitPool } from "./circuit-pool.ts";
import type { CircuitRequest } from "./circuit-request.ts";
import { HedgeBudget } from "./hedge-budget.ts";
import { buildHedged } from "./hedged-build.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a slow build is overtaken by a second one, and what stands late becomes a spare", async () => {
  const { pool, clock, network, built } = cheapPool(4);
  network.slow.add("x");
  const asked = pool.circuit(requestOf("a", inTurn("x", "y"), "", "c"));
  await settle();
  const before = network.asked;
  clock.advance(CHEAP_HOP_MS - 1);
  await settle();
  assert.equal(network.asked, before);
  clock.advance(1);
  const circuit = await asked;
  assert.equal(exitOf(circuit), "y");
  const spares = pool.spares;
  network.release();
  await settle();
  const late = built.find((each) => exitOf(each) === "x");
  assert.ok(late?.usable === true && pool.spares >= spares);
  await pool.stop();
});

test("where nothing is kept ready the late one ends", async () => {
  const { pool, clock, network, built } = cheapPool(0);
  network.slow.add("x");
  const asked = pool.circuit(requestOf("a", inTurn("x", "y")));
  await settle();
  clock.advance(CHEAP_HOP_MS);
  await asked;
  network.release();
  await settle();
  assert.deepEqual(
    built.map((circuit) => [exitOf(circuit), circuit.usable]),
    [
      ["y", true],
      ["x", false],
    ],
  );
  await pool.stop();
});

test("the late circuit of a session, whose exit was chosen for it alone, becomes nobody's spare", async () => {
  const { pool, clock, network, built } = cheapPool(4);
  network.slow.add("x");
  network.isRelaySlow = true;
  // Others ask for the same constraints, so that there are spares for them.
  pool.expect(requestOf("b", inTurn("z"), "", "c"));
  const asked = pool.circuit(requestOf("a", inTurn("x", "y"), "session", "c"));
  await settle();
  clock.advance(CHEAP_HOP_MS);
  assert.equal(exitOf(await asked), "y");
  network.release();
  await settle();
  assert.equal(built.find((each) => exitOf(each) === "x")?.usable, false);
  await pool.stop();
});

test("one hedge at a time, and none for a session whose exit is slow or where nobody else fits", async () => {
  for (const need of [
    requestOf("a", inTurn("x", "y"), "session"),
    requestOf("a", inTurn("x")),
    requestOf("a", inTurn("x", "z", "y")),
  ]) {
    const { pool, clock, network } = cheapPool(0);
    for (const name of ["x", "z"]) network.slow.add(name);
    const asked = pool.circuit(need);
    for (let count = 0; count < 10; count += 1) {
      await settle();
      clock.advance(CHEAP_HOP_MS);
    }
    assert.ok(network.asked <= 2);
    network.release();
    assert.equal(exitOf(await asked), "x");
    await pool.stop();
  }
});

test("when all builds are slow only so many second ones are begun", async () => {
  const { pool, clock, network } = cheapPool(0);
  for (const name of ["x", "y"]) network.slow.add(name);
  const count = 50;
  const asked = Array.from({ length: count }, (_, user) => pool.circuit(requestOf(`user ${user}`, inTurn("x", "y"))));
  await settle();
  clock.advance(CHEAP_HOP_MS);
  await settle();
  assert.equal(network.asked, count + CIRCUIT_LIMITS.hedgesSaved.value);
  network.release();
  await Promise.all(asked);
  await pool.stop();
});

test("a second build that finds nobody costs nothing of the budget", async () => {
  const { pool, clock, network } = cheapPool(0);
  network.slow.add("x");
  const slow = async (need: CircuitRequest): Promise<Circuit> => {
    const asked = pool.circuit(need);
    await settle();
    clock.advance(CHEAP_HOP_MS);
    await settle();
    network.release();
    return asked;
  };
  for (let user = 0; user < 3 * CIRCUIT_LIMITS.hedgesSaved.value; user += 1) {
    assert.equal(exitOf(await slow(requestOf(`user ${user}`, inTurn("x")))), "x");
  }
  assert.equal(exitOf(await slow(requestOf("a", inTurn("x", "y")))), "y");
  await pool.stop();
});

test("a build that is slow at each of its hops is hedged once", async () => {
  const clock = new FakeClock();
  const waiting: BuildOptions["onWaiting"][] = [];
  const build = ({ onWaiting }: BuildOptions): Promise<Circuit> => {
    waiting.push(onWaiting);
    return new Promise(() => {});
  };
  const budget = new HedgeBudget({ clock });
  void buildHedged({ clock, budget, build, onLate: () => {} }, {}, { isExitFixed: false });
  for (const isExit of [false, false, true]) {
    waiting[0]?.({ peerId: generateIdentity().peerId, isExit, expectedMs: 1 });
    clock.advance(1);
  }
  assert.equal(waiting.length, 2);
});

test("the reason is that of the first when both fail, and the second is waited for", async () => {
  const clock = new FakeClock();
  const first = new BywayError("ERR_HOP_TLS", "no TLS");
  const second = new BywayError("ERR_HOP_LOST", "the link broke");
  for (const order of ["first", "second"]) {
    const builds: PromiseWithResolvers<Circuit>[] = [];
    const build = (options: BuildOptions): Promise<Circuit> => {
      options.onWaiting?.({ peerId: generateIdentity().peerId, isExit: true, expectedMs: 1 });
      const made = Promise.withResolvers<Circuit>();
      builds.push(made);
      return made.promise;
    };
    const budget = new HedgeBudget({ clock });
    const building = buildHedged({ clock, budget, build, onLate: () => {} }, {}, { isExitFixed: false });
    clock.advance(1);
    let isOver = false;
    building.catch(() => {
      isOver = true;
    });
    const fail = (index: number): void => builds[index]?.reject(index === 0 ? first : second);
    fail(order === "first" ? 0 : 1);
    await settle();
    assert.equal(isOver, false);
    fail(order === "first" ? 1 : 0);
    await assert.rejects(building, first);
  }
});

test("over real links: a guard that hangs is overtaken through another one, and is not blamed for being slow", async () => {
  await using network = await hopNetwork(5);
  const clock = new FakeClock();
  const builder = network.builder(clock);
  const pool = new CircuitPool(
    { builder, observer: new Observer({ clock }), clock, logger: silentLogger },
    { spareCircuits: 0 },
  );
  const held = Promise.withResolvers<void>();
  const dialled = Promise.withResolvers<void>();
  const [slow] = network.peers;
  network.beforeDial = async (peerId) => {
    if (peerId !== slow) return;
    dialled.resolve();
    await held.promise;
  };
  const asked = pool.circuit(requestOf("a", network.choose(2)));
  await dialled.promise;
  clock.advance(CIRCUIT_LIMITS.firstHedgeMs.value);
  const circuit = await asked;
  assert.deepEqual(
    circuit.hops.map(({ peerId }) => peerId),
    network.peers.slice(1, 3),
  );
  held.resolve();
  await settle();
  assert.ok((await builder.build(network.choose(2))).hops[0]?.peerId === slow);
  await pool.stop();
});
