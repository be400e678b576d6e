import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const target = { host: "target.example", port: 80 };
const ASK_MS = 1_000;

/** Lets what is on its way between hops in memory arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

for (const hops of [1, 3]) {
  test(`a circuit of ${hops} that takes no new streams carries those that it has when it is asked for a sign of life`, async () => {
    await using network = await hopNetwork(hops);
    const clock = new FakeClock();
    const builder = network.builder(clock);
    const circuit = await builder.build(network.choose(hops));
    const stream = await circuit.openStream(target);
    stream.on("error", () => {});
    circuit.close();
    assert.deepEqual([circuit.usable, circuit.ended], [false, false]);
    assert.equal(await circuit.answers(ASK_MS), true);
    await circuit.check();
    stream.write("still carried");
    assert.equal(String((await once(stream, "data"))[0]), "still carried");
    assert.equal(circuit.deadPeer, undefined);
    circuit.destroy();
    await builder.stop();
  });

  test(`a circuit of ${hops} that takes no new streams ends all the same when its exit has fallen silent`, async () => {
    await using network = await hopNetwork(hops);
    const clock = new FakeClock();
    const builder = network.builder(clock);
    const circuit = await builder.build(network.choose(hops));
    const stream = await circuit.openStream(target);
    let hasEnded = false;
    stream
      .on("error", () => {})
      .on("end", () => {
        hasEnded = true;
      });
    stream.resume();
    circuit.close();
    await settle();
    network.freeze(hops - 1);
    const checked = circuit.check();
    await settle();
    assert.equal(circuit.ended, false);
    clock.advance(CIRCUIT_LIMITS.checkMs.value);
    await Promise.all([checked, circuit.closed]);
    assert.equal(circuit.deadPeer, network.peers[hops - 1]);
    assert.equal(hasEnded, false);
    await builder.stop();
  });
}
