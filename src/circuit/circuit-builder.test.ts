import assert from "node:assert/strict";
import { test } from "node:test";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { onlyHops } from "../../test/support/hops.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { Circuit } from "./circuit.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

function peersOf(circuit: Circuit): readonly string[] {
  return circuit.hops.map(({ peerId }) => peerId);
}

test("a hop that cannot be reached is replaced in the middle of building, and what stands before it is kept", async () => {
  await using network = await hopNetwork(4);
  const [guard, dead, exit, other] = network.peers;
  const dialled: string[] = [];
  network.beforeDial = async (peerId) => {
    dialled.push(peerId);
    if (peerId === dead) throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  };
  const builder = network.builder();
  const circuit = await builder.build(network.choose(3));
  assert.deepEqual(peersOf(circuit), [guard, exit, other]);
  assert.deepEqual(dialled, [guard, dead, exit, other]);
  await builder.stop();
});

test("an exit that must be this one is not replaced", async () => {
  await using network = await hopNetwork(3);
  const [, , exit] = network.peers;
  network.beforeDial = async (peerId) => {
    if (peerId === exit) throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  };
  const builder = network.builder();
  await assert.rejects(builder.build(network.choose(2), { exit }), (error: BywayError) => {
    assert.deepEqual([error.code, error.data.hop, error.data.peerId], ["ERR_HOP_UNREACHABLE", 2, exit]);
    return true;
  });
  await builder.stop();
});

test("a relay that refuses to carry is blamed, and not the hop that it was to carry to", async () => {
  await using network = await hopNetwork(4);
  const [first, second, third, fourth] = network.peers;
  network.beforeOnward = async (index) => {
    if (index === 1) throw new BywayError("ERR_HOP_ROLE", "this node does not have the role relay");
  };
  const builder = network.builder();
  const circuit = await builder.build(network.choose(3));
  assert.deepEqual(peersOf(circuit), [first, third, fourth]);
  assert.ok(second !== undefined && !peersOf(await builder.build(network.choose(3))).includes(second));
  await builder.stop();
});

test("a node that failed a moment ago is passed over, unless nobody else is there", async () => {
  await using network = await hopNetwork(3);
  const builder = network.builder();
  builder.noteFailure(String(network.peers[0]));
  assert.deepEqual(peersOf(await builder.build(network.choose(2))), network.peers.slice(1));
  assert.deepEqual(peersOf(await builder.build(network.choose(3))), network.peers);
  await builder.stop();
});

test("a hop that is slow for this network is replaced where another fits, and waited for where none does", async () => {
  await using network = await hopNetwork(4);
  const clock = new FakeClock();
  const builder = network.builder(clock);
  for (let count = 0; count < CIRCUIT_LIMITS.buildSamplesNeeded.value; count += 1) {
    (await builder.build(network.choose(3))).destroy();
  }
  const [guard, slow, exit, other] = network.peers;
  const held = Promise.withResolvers<void>();
  let asked = Promise.withResolvers<void>();
  network.beforeOnward = async (_, peerId) => {
    if (peerId !== slow) return;
    asked.resolve();
    await held.promise;
  };
  const replaced = builder.build(network.choose(3));
  await asked.promise;
  clock.advance(CIRCUIT_LIMITS.leastPatienceMs.value);
  assert.deepEqual(peersOf(await replaced), [guard, exit, other]);

  asked = Promise.withResolvers<void>();
  const alone = builder.build(onlyHops((await replaced).hops.slice(0, 1).concat(network.hopsOf(1, 2))));
  await asked.promise;
  clock.advance(CIRCUIT_LIMITS.leastPatienceMs.value);
  held.resolve();
  assert.deepEqual(peersOf(await alone), [guard, slow, exit]);
  await builder.stop();
});

test("a shared link to the guard that closed unseen is opened again, and the guard is not blamed", async () => {
  await using network = await hopNetwork(2);
  const builder = network.builder();
  await builder.build(network.choose(2));
  // The guard goes away between the choice of its link and the request on it.
  const choose = network.choose(2);
  let chosen = 0;
  const circuit = await builder.build((wishes) => {
    chosen += 1;
    network.cut(0);
    return choose(wishes);
  });
  assert.deepEqual([peersOf(circuit), chosen], [network.peers, 1]);
  await builder.stop();
});

test("replacing has an end", async () => {
  await using network = await hopNetwork(12);
  let dialled = 0;
  network.beforeDial = async () => {
    dialled += 1;
    throw new BywayError(dialled === 1 ? "ERR_HOP_UNREACHABLE" : "ERR_HOP_TIMEOUT", "nobody answers there");
  };
  await assert.rejects(network.builder().build(network.choose(1)), { code: "ERR_HOP_TIMEOUT" });
  assert.equal(dialled, 1 + CIRCUIT_LIMITS.replacements.value);
});

test("six hops and none are refused", async () => {
  await using network = await hopNetwork(6);
  await assert.rejects(
    network.builder().build(() => []),
    { code: "ERR_PARAMETER_VALUE" },
  );
  await assert.rejects(network.builder().build(network.choose(6)), { code: "ERR_PARAMETER_VALUE" });
});
