import assert from "node:assert/strict";
import { test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { type HopNetwork, hopNetwork } from "../../test/support/hop-network.ts";
import { requestOf } from "../../test/support/hops.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { Observer } from "../trust/observer.ts";
import { CircuitPool } from "./circuit-pool.ts";
import type { Fits } from "./circuit-request.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const target = { host: "target.example", port: 80 };

/** `linkClock` turns what the circuits themselves time, such as their pings. */
function poolOf(
  network: HopNetwork,
  spareCircuits: number,
  clock: Clock = systemClock,
  linkClock = systemClock,
): CircuitPool {
  const observer = new Observer({ clock: linkClock });
  const builder = network.builder(linkClock, { observer });
  return new CircuitPool({ builder, observer, clock, logger: silentLogger }, { spareCircuits });
}

/** Lets what was begun come to its end, as `until` tells. */
async function settle(until: () => boolean): Promise<void> {
  while (!until()) await new Promise((resolve) => setImmediate(resolve));
}

test("streams of one group share a circuit, those of different groups never do, and a dead one is replaced", async () => {
  await using network = await hopNetwork(3);
  const pool = poolOf(network, 0);
  const need = (user: string, session = "", constraints = "") =>
    requestOf(user, network.choose(2), session, constraints);
  const [a, again, b, session, constrained] = await Promise.all([
    pool.circuit(need("a")),
    pool.circuit(need("a")),
    pool.circuit(need("b")),
    pool.circuit(need("a", "s")),
    pool.circuit(need("a", "", "country=de")),
  ]);
  assert.equal(a, again);
  assert.equal(new Set([a, b, session, constrained]).size, 4);
  a.destroy();
  await a.closed;
  const replaced = await pool.circuit(need("a"));
  assert.notEqual(replaced, a);
  assert.equal(await pool.circuit(need("b")), b);
  await pool.stop();
  assert.deepEqual([replaced.usable, b.usable], [false, false]);
  await assert.rejects(pool.circuit(need("a")), { code: "ERR_STOPPED" });
  await settle(() => network.links === 0);
});

test("circuits that begin at one guard share its link, and nothing of one is left when it ends", async () => {
  await using network = await hopNetwork(3);
  const pool = poolOf(network, 0);
  const circuits = await Promise.all(["a", "b", "c"].map((user) => pool.circuit(requestOf(user, network.choose(3)))));
  await settle(() => network.streamsOf(0) === 3);
  assert.equal(network.linksOf(0), 1);
  circuits[0]?.destroy();
  await settle(() => network.streamsOf(0) === 2);
  assert.deepEqual(
    circuits.map((circuit) => circuit.usable),
    [false, true, true],
  );
  await pool.stop();
});

test("a one-hop circuit has a link of its own", async () => {
  await using network = await hopNetwork(1);
  const pool = poolOf(network, 0);
  await Promise.all(["a", "b"].map((user) => pool.circuit(requestOf(user, network.choose(1)))));
  await settle(() => network.linksOf(0) === 2);
  await pool.stop();
});

test("a new group takes a circuit that was built ahead, which is its own from then on, and another is built", async () => {
  await using network = await hopNetwork(3);
  const pool = poolOf(network, 4);
  pool.expect(requestOf("", network.choose(3)));
  await settle(() => pool.size === 1);
  const before = network.plans;
  const a = await pool.circuit(requestOf("a", network.choose(3)));
  assert.equal(network.plans - before, 1, "the one build is that of the next spare");
  await settle(() => pool.size === 2);
  const b = await pool.circuit(requestOf("b", network.choose(3)));
  assert.notEqual(a, b);
  assert.equal(await pool.circuit(requestOf("a", network.choose(3))), a);
  await pool.stop();
  assert.equal(pool.size, 0);
});

test("what nobody asks for any more is no longer kept ready", async () => {
  await using network = await hopNetwork(1);
  const clock = new FakeClock();
  const pool = poolOf(network, 4, clock);
  pool.expect(requestOf("", network.choose(1)));
  await settle(() => pool.size === 1);
  for (let ms = 0; ms <= CIRCUIT_LIMITS.demandMs.value; ms += CIRCUIT_LIMITS.checkPeriodMs.value) {
    clock.advance(CIRCUIT_LIMITS.checkPeriodMs.value);
  }
  await settle(() => pool.size === 0);
  assert.equal(pool.spares, 0);
  await pool.stop();
});

test("an unused circuit whose exit falls silent is found out and replaced", async () => {
  await using network = await hopNetwork(2);
  const clock = new FakeClock();
  const pool = poolOf(network, 4, clock, clock);
  pool.expect(requestOf("", network.choose(1)));
  await settle(() => pool.size === 1);
  network.freeze(0);
  clock.advance(CIRCUIT_LIMITS.checkPeriodMs.value);
  clock.advance(CIRCUIT_LIMITS.checkMs.value);
  await settle(() => pool.size === 0);
  network.retire(0);
  clock.advance(CIRCUIT_LIMITS.checkPeriodMs.value);
  await settle(() => pool.size === 1);
  const circuit = await pool.circuit(requestOf("a", network.choose(1)));
  assert.equal(circuit.hops[0]?.peerId, network.peers[1]);
  await pool.stop();
});

test("an old circuit is succeeded without anybody waiting, and ends when its streams have", async () => {
  await using network = await hopNetwork(1);
  const clock = new FakeClock();
  const pool = poolOf(network, 0, clock);
  const need = requestOf("a", network.choose(1));
  const old = await pool.circuit(need);
  const stream = await old.openStream(target);
  const closed = closeOf(stream.resume());
  clock.advance(CIRCUIT_LIMITS.circuitAgeMs.value);
  assert.equal(await pool.circuit(need), old, "it serves until its successor stands");
  await settle(() => pool.size === 2);
  const next = await pool.circuit(need);
  assert.notEqual(next, old);
  clock.advance(CIRCUIT_LIMITS.checkPeriodMs.value);
  assert.deepEqual([old.usable, stream.destroyed], [false, false]);
  stream.end();
  await closed;
  await old.closed;
  await pool.stop();
});

test("a session keeps its exit when its circuit is succeeded", async () => {
  await using network = await hopNetwork(5);
  const clock = new FakeClock();
  const pool = poolOf(network, 4, clock);
  const exit = network.peers[2];
  // As whoever holds the session says: the pool asks for each circuit.
  const choose = network.choose(1);
  const need = requestOf("a", (hints) => choose({ ...hints, exit }), "s");
  const fits: Fits = ({ peerId }) => peerId === exit;
  pool.expect(requestOf("", choose));
  const first = await pool.circuit(need, { fits });
  assert.equal(first.hops[0]?.peerId, exit);
  for (let round = 0; round < 5; round += 1) {
    const before = await pool.circuit(need, { fits });
    clock.advance(CIRCUIT_LIMITS.circuitAgeMs.value);
    let next = before;
    while (next === before) {
      next = await pool.circuit(need, { fits });
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(next.hops[0]?.peerId, first.hops[0]?.peerId);
  }
  await pool.stop();
});

test("a build that fails is told and not kept", async () => {
  await using network = await hopNetwork(1);
  const pool = poolOf(network, 0);
  await assert.rejects(pool.circuit(requestOf("a", () => [])), { code: "ERR_PARAMETER_VALUE" });
  assert.equal(pool.size, 0);
  assert.equal((await pool.circuit(requestOf("a", network.choose(1)))).usable, true);
  await pool.stop();
});

test("stopping ends the circuits too that were replaced and only finish their streams", async () => {
  await using network = await hopNetwork(1);
  const pool = poolOf(network, 0);
  const need = requestOf("a", network.choose(1));
  const first = await pool.circuit(need);
  const stream = await first.openStream(target);
  const closed = closeOf(stream.resume());
  first.close();
  assert.notEqual(await pool.circuit(need), first);
  await pool.stop();
  assert.equal(stream.destroyed, true);
  await Promise.all([closed, first.closed]);
});
