import assert from "node:assert/strict";
import { test } from "node:test";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { requestOf } from "../../test/support/hops.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import type { Circuit } from "../circuit/circuit.ts";
import { CircuitBuilder } from "../circuit/circuit-builder.ts";
import { CircuitPool } from "../circuit/circuit-pool.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { abortReason } from "../core/abort.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { systemRandom } from "../core/random.ts";
import { Observer } from "../trust/observer.ts";

function peersOf(circuit: Circuit): readonly string[] {
  return circuit.hops.map(({ peerId }) => peerId);
}

/** Turns the clock until `building` settles, with time in between for what the hops say; gives up after 12 s. */
async function inTime(clock: FakeClock, building: Promise<Circuit>): Promise<Circuit> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  building.then(settle, settle);
  for (let ms = 0; ms < 12_000 && !settled; ms += 250) {
    clock.advance(250);
    for (let turn = 0; turn < 200 && !settled; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(settled, "the build goes on and on");
  return building;
}

test("stopping takes the dialling of a guard back that does not answer", async () => {
  await using network = await hopNetwork(2);
  const dialled = Promise.withResolvers<void>();
  const reach = (_way: unknown, _peerId: unknown, signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(abortReason(signal)));
      dialled.resolve();
    });
  const observer = new Observer({ clock: new FakeClock() });
  const builder = new CircuitBuilder({
    observer,
    clock: new FakeClock(),
    random: systemRandom,
    budget: roomyBudget(),
    dialler: { reach },
  });
  const pool = new CircuitPool(
    { builder, observer, clock: new FakeClock(), logger: silentLogger },
    { spareCircuits: 0 },
  );
  const asked = assert.rejects(pool.circuit(requestOf("a", network.choose(2))), { code: "ERR_STOPPED" });
  await dialled.promise;
  await pool.stop();
  await asked;
  await pool.stop();
});

test("a guard that fell silent is found out, blamed and left, although its link looks alive", async () => {
  await using network = await hopNetwork(5);
  const clock = new FakeClock();
  const builder = network.builder(clock);
  for (let count = 0; count < CIRCUIT_LIMITS.buildSamplesNeeded.value; count += 1) {
    (await builder.build(network.choose(3))).destroy();
  }
  network.freeze(0);
  assert.deepEqual(peersOf(await inTime(clock, builder.build(network.choose(3)))), network.peers.slice(1, 4));
  assert.deepEqual(peersOf(await builder.build(network.choose(3))), network.peers.slice(1, 4));
  await builder.stop();
});

test("a middle hop that falls silent while a circuit is built is at fault, and not the one that it was to carry to", async () => {
  await using network = await hopNetwork(5);
  const [guard, silent, third, fourth, fifth] = network.peers;
  const clock = new FakeClock();
  const builder = network.builder(clock);
  for (let count = 0; count < CIRCUIT_LIMITS.buildSamplesNeeded.value; count += 1) {
    (await builder.build(network.choose(4))).destroy();
  }
  network.beforeOnward = async (index) => {
    if (network.peers[index] === silent) network.freeze(index);
  };
  assert.deepEqual(peersOf(await inTime(clock, builder.build(network.choose(4)))), [guard, third, fourth, fifth]);
  await builder.stop();
});
