import assert from "node:assert/strict";
import { test } from "node:test";
import { failureWatch } from "../../test/support/failure-watch.ts";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { onlyHops, requestOf } from "../../test/support/hops.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { Observer } from "../trust/observer.ts";
import type { Circuit } from "./circuit.ts";
import { CircuitPool } from "./circuit-pool.ts";
import type { PathSelector } from "./circuit-request.ts";
import type { Hop } from "./hop.ts";
import { failureIn } from "./hop.ts";
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

test("each hop that fails while a circuit is built for a request is observed with the request's name and the error", async () => {
  await using network = await hopNetwork(4);
  const [guard, dead, full] = network.peers;
  network.beforeDial = async (peerId) => {
    if (peerId === dead) throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  };
  network.beforeOnward = async (_, peerId) => {
    if (peerId === full) throw new BywayError("ERR_HOP_UNREACHABLE", "believe me");
  };
  const seen: unknown[] = [];
  const clock = new FakeClock();
  const observer = new Observer({ clock });
  observer.watch(({ peerId, what, during }) => {
    if (what === "failed") seen.push([peerId, during?.requestId, during?.error.code]);
  });
  const pool = new CircuitPool(
    { builder: network.builder(clock, { observer }), observer, clock, logger: silentLogger },
    { spareCircuits: 0 },
  );
  const need = { ...requestOf("a", network.choose(2)), id: "THE1REQUEST" };
  assert.deepEqual(peersOf(await pool.circuit(need)), [guard, network.peers[3]]);
  assert.deepEqual(seen, [
    [dead, "THE1REQUEST", "ERR_HOP_UNREACHABLE"],
    [full, "THE1REQUEST", "ERR_HOP_UNREACHABLE"],
  ]);
  await pool.stop();
});

test("a first hop counts as failed where it cannot be dialled, not where another hop says so of it", async () => {
  await using network = await hopNetwork(4);
  const [first, second] = network.peers;
  const { observer, asFirst: failed } = failureWatch(systemClock);
  const builder = network.builder(undefined, { observer });
  network.beforeOnward = async (_, peerId) => {
    if (peerId === second) throw new BywayError("ERR_HOP_UNREACHABLE", "I cannot reach it, believe me");
  };
  await builder.build(network.choose(3));
  observer.observe(failureIn(network.hopsOf(0, 1), String(second), true));
  assert.deepEqual(failed, []);
  network.beforeDial = async (peerId) => {
    if (peerId === first) throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  };
  observer.observe(failureIn(network.hopsOf(0, 1), String(first), false));
  builder.leave(String(first));
  await builder.build(network.choose(1));
  assert.ok(failed.length > 0 && failed.every((peer) => peer === first));
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

test("a relay that is closed or full is left in peace for longer than it asks, by this client's own chance, and blamed for nothing", async () => {
  await using network = await hopNetwork(4);
  const [first, second, third, fourth] = network.peers;
  const clock = new FakeClock();
  const { observer, asFirst: blamed } = failureWatch(clock);
  network.beforeOnward = async (index) => {
    if (index < 2) throw new BywayError("ERR_NODE_CLOSED", "closed until 22:00", { data: { retryAfterSec: 60 } });
  };
  const random = { ...seededRandom(1), float: () => 0.5 };
  const builder = network.builder(clock, { random, observer });
  assert.deepEqual(peersOf(await builder.build(network.choose(2))), [third, fourth]);
  network.beforeOnward = async () => {};
  const ownMs = 60_000 + (60_000 + CIRCUIT_LIMITS.restSpreadMs.value) / 2;
  for (const ms of [0, 60_000, ownMs - 60_000 - 1]) {
    clock.advance(ms);
    assert.deepEqual(peersOf(await builder.build(network.choose(2))), [third, fourth]);
  }
  clock.advance(1);
  assert.deepEqual(peersOf(await builder.build(network.choose(2))), [first, second]);
  assert.deepEqual(blamed, []);
  await builder.stop();
});

test("a node that failed a moment ago is passed over, unless nobody else is there", async () => {
  await using network = await hopNetwork(3);
  const { observer } = failureWatch(systemClock);
  const builder = network.builder(undefined, { observer });
  observer.observe(failureIn([], String(network.peers[0]), true));
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

test("a chooser that throws while a slow hop is waited for ends nothing: the hop is waited for", async () => {
  await using network = await hopNetwork(3);
  const clock = new FakeClock();
  const builder = network.builder(clock);
  for (let count = 0; count < CIRCUIT_LIMITS.buildSamplesNeeded.value; count += 1) {
    (await builder.build(network.choose(2))).destroy();
  }
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  network.beforeOnward = async () => {
    asked.resolve();
    await held.promise;
  };
  const choose = network.choose(2);
  let chosen = 0;
  const building = builder.build((wishes) => {
    chosen += 1;
    if (chosen > 1) throw new TypeError("the chooser is broken");
    return choose(wishes);
  });
  await asked.promise;
  clock.advance(CIRCUIT_LIMITS.leastPatienceMs.value);
  held.resolve();
  assert.deepEqual([peersOf(await building), chosen], [network.peers.slice(0, 2), 2]);
  await builder.stop();
});

test("a strict session's exit that failed a moment ago is tried again, since no other will do", async () => {
  await using network = await hopNetwork(1);
  const { observer } = failureWatch(systemClock);
  const builder = network.builder(undefined, { observer });
  const [hop] = network.hopsOf(0);
  assert.ok(hop !== undefined);
  observer.observe(failureIn([], hop.peerId, true));
  const circuit = await builder.build(({ failed }) => {
    if (failed.has(hop.peerId)) throw new BywayError("ERR_SESSION_EXIT", "the session's exit is gone");
    return [hop];
  });
  assert.equal(circuit.usable, true);
  circuit.destroy();
  await builder.stop();
});

test("an exit that alone will do and failed a moment ago is not waited for as long again", async () => {
  await using network = await hopNetwork(2);
  const clock = new FakeClock();
  const { observer } = failureWatch(clock);
  const builder = network.builder(clock, { observer });
  for (let count = 0; count < CIRCUIT_LIMITS.buildSamplesNeeded.value; count += 1) {
    (await builder.build(network.choose(2))).destroy();
  }
  const asked = Promise.withResolvers<void>();
  network.beforeOnward = () => {
    asked.resolve();
    return new Promise(() => {});
  };
  observer.observe(failureIn([], String(network.peers[1]), true));
  const building = builder.build(onlyHops(network.hopsOf(0, 1)));
  await asked.promise;
  clock.advance(CIRCUIT_LIMITS.leastPatienceMs.value);
  await assert.rejects(building, { code: "ERR_HOP_TIMEOUT" });
  await builder.stop();
});

test("a relay that carries a circuit again is healed; that an exit lets itself be linked to says nothing", async () => {
  await using network = await hopNetwork(4);
  const { observer } = failureWatch(systemClock);
  const builder = network.builder(undefined, { observer });
  const [relay, exit, third] = network.peers;
  for (const peer of [relay, exit]) observer.observe(failureIn([], String(peer), true));
  // Nobody else will do.
  (await builder.build(onlyHops(network.hopsOf(0, 1)))).destroy();
  assert.deepEqual(peersOf(await builder.build(network.choose(2))), [relay, third]);
  await builder.stop();
});

test("the link to a guard that is dead is left: the next circuit dials it anew", async () => {
  await using network = await hopNetwork(2);
  const builder = network.builder();
  const dialled: string[] = [];
  network.beforeDial = async (peerId) => void dialled.push(peerId);
  await builder.build(network.choose(2));
  network.freeze(0);
  builder.leave(String(network.peers[0]));
  await builder.build(onlyHops(network.hopsOf(0, 1)));
  assert.equal(dialled.filter((peerId) => peerId === network.peers[0]).length, 2);
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

test("a node is asked by way of a first hop, whose link alone is left open", async () => {
  await using network = await hopNetwork(3);
  const builder = network.builder();
  const [guard, node, silent] = network.hopsOf(0, 1, 2);
  const { signal } = new AbortController();
  let carried = 0;
  const probe = (to: Hop | undefined): Promise<number> =>
    builder.probe([guard ?? assert.fail()], to ?? assert.fail(), signal, () => (carried += 1));
  assert.ok((await probe(node)) >= 1);
  assert.ok((await probe(node)) >= 1);
  assert.deepEqual([carried, network.linksOf(0)], [2, 1]);
  const [, , between] = network.hopsOf(0, 1, 2);
  await builder.probe([guard ?? assert.fail(), between ?? assert.fail()], node ?? assert.fail(), signal, () => {});
  while (network.linksOf(2) > 0 || network.linksOf(1) > 0) await new Promise(setImmediate);
  network.beforeOnward = async () => {
    throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  };
  await assert.rejects(probe(silent), { code: "ERR_HOP_UNREACHABLE" });
  assert.equal(network.linksOf(2), 0);
  while (network.linksOf(1) > 0 || network.streamsOf(0) > 0) await new Promise(setImmediate);
  const told: boolean[] = [];
  const failing = (): Promise<number> =>
    builder.probe(
      [guard ?? assert.fail(), between ?? assert.fail()],
      node ?? assert.fail(),
      signal,
      () => {},
      (isThere) => {
        told.push(isThere);
      },
    );
  await assert.rejects(failing(), { code: "ERR_HOP_UNREACHABLE" });
  assert.deepEqual(told, [], "the relay was not reached");
  network.beforeOnward = async (index) => {
    if (index === 2) throw new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there");
  };
  await assert.rejects(failing(), { code: "ERR_HOP_UNREACHABLE" });
  assert.deepEqual(told, [true], "it refused");
  network.beforeOnward = async (index) => {
    if (index === 2) network.cut(2);
  };
  await assert.rejects(failing(), { code: "ERR_HOP_LOST" });
  assert.deepEqual(told, [true, false], "it was cut off");
  await builder.stop();
});

test("a node that one relay does not know is passed over, or reached by another relay where no other will do", async () => {
  await using network = await hopNetwork(4);
  const { observer, asFirst: told } = failureWatch(systemClock);
  const builder = network.builder(undefined, { observer });
  const [first, second, exit, other] = network.peers;
  network.beforeOnward = async (index, peerId) => {
    if (index === 0 && peerId === exit) throw new BywayError("ERR_HOP_UNKNOWN", "nobody knows it");
  };
  const hops = network.hopsOf(0, 1, 2, 3);
  const choose =
    (exits: readonly (string | undefined)[]): PathSelector =>
    ({ kept, failed }) => {
      const fit = hops.filter(({ peerId }) => !failed.has(peerId));
      const relay = kept[0] ?? fit.find(({ peerId }) => peerId === first || peerId === second);
      const last = fit.find(({ peerId }) => exits.includes(peerId));
      if (relay === undefined || last === undefined) throw new BywayError("ERR_NO_NODE", "nobody is left");
      return [relay, last];
    };
  const replaced = await builder.build(choose([exit, other]));
  assert.deepEqual(peersOf(replaced), [first, other]);
  const around = await builder.build(choose([exit]));
  assert.deepEqual(peersOf(around), [second, exit]);
  assert.deepEqual(told, [], "a relay that does not know a node has not failed");
  for (const circuit of [replaced, around]) circuit.destroy();
  await builder.stop();
});
