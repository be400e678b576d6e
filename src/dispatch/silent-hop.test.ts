import assert from "node:assert/strict";
import { test } from "node:test";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { requestOf } from "../../test/support/hops.ts";
import { poolBench } from "../../test/support/pool-bench.ts";
import { raced, racedRequest } from "../../test/support/raced-request.ts";
import { HopCheck } from "../circuit/hop-check.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { failedPeer } from "./circuit-outcomes.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

const target = { host: "target.example", port: 80 };
const ASK_MS = DISPATCH_LIMITS.leastAnswerMs.value;

/** Lets what is on its way between hops in memory arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

for (const index of [0, 1, 2]) {
  test(`of three hops number ${index + 1} falls silent: it is blamed, and no group uses a circuit through it any more`, async () => {
    await using network = await hopNetwork(5);
    const clock = new FakeClock();
    const { pool, outcomes } = poolBench(clock, (observer) => network.builder(clock, { observer }));
    const [a, b] = await Promise.all(["a", "b"].map((user) => pool.circuit(requestOf(user, network.choose(3)))));
    assert.ok(a !== undefined && b !== undefined);
    await settle();
    network.freeze(index);
    const suspected = outcomes.suspect(a, ASK_MS);
    await settle();
    clock.advance(ASK_MS);
    assert.equal(await suspected, true);
    assert.equal(a.culprit, network.peers[index]);
    assert.deepEqual([a.usable, b.usable], [false, false]);
    const next = await pool.circuit(requestOf("a", network.choose(3)));
    assert.ok(!next.hops.some(({ peerId }) => peerId === network.peers[index]));
    await pool.stop();
  });

  test(`of three hops number ${index + 1} is cut off: it is blamed, and not the exit for all`, async () => {
    await using network = await hopNetwork(3);
    const builder = network.builder();
    const circuit = await builder.build(network.choose(3));
    const opened = await circuit.openStream(target);
    opened.on("error", () => {}).resume();
    network.cut(index);
    await circuit.closed;
    assert.equal(circuit.culprit, network.peers[index]);
    await builder.stop();
  });
}

test("an exit that is there is not left for being asked", async () => {
  await using network = await hopNetwork(3);
  const clock = new FakeClock();
  const { pool, outcomes } = poolBench(clock, (observer) => network.builder(clock, { observer }));
  const circuit = await pool.circuit(requestOf("a", network.choose(3)));
  assert.equal(await outcomes.suspect(circuit, ASK_MS), false);
  clock.advance(CIRCUIT_LIMITS.checkMs.value);
  assert.deepEqual([circuit.usable, circuit.deadPeer], [true, undefined]);
  await pool.stop();
});

test("a circuit whose exit stays silent ends with the error that names it, and its streams can be tried elsewhere", async () => {
  await using network = await hopNetwork(3);
  const clock = new FakeClock();
  const bench = poolBench(clock, (observer) => network.builder(clock, { observer }));
  const { pool } = bench;
  const [silent, other] = network.peers;
  const request = racedRequest(requestOf("a", network.choose(1)));
  const circuit = await pool.circuit(request);
  await settle();
  network.freeze(0);
  const exits: (string | undefined)[] = [];
  const blamed: (string | undefined)[] = [];
  const tried = raced(
    bench,
    {
      ...request,
      hedgeMs: () => 500,
      noteFailure: (used, error) => void blamed.push(failedPeer(used, error)),
    },
    async (used, signal) => {
      const stream = await used.openStream(target, { signal });
      exits.push(used.hops.at(-1)?.peerId);
      return stream;
    },
  );
  await settle();
  clock.advance(500);
  (await tried).destroy();
  assert.deepEqual(exits[0], other);
  await settle();
  clock.advance(CIRCUIT_LIMITS.checkMs.value);
  await circuit.closed;
  assert.equal(circuit.deadPeer, silent);
  await pool.stop();
});

test("who has not answered is silent unless bytes came, and the first one is at fault", async () => {
  const link = (answers: boolean) => ({
    ended: false,
    bytesReceived: 7,
    ping: () => (answers ? Promise.resolve(1) : new Promise<number>(() => {})),
  });
  const links = [link(true), link(false), link(false)];
  const check = new HopCheck(links);
  assert.equal(check.silent, undefined, "nobody was asked");
  void check.ask();
  await settle();
  assert.deepEqual([check.silent, check.gone], [1, undefined]);
  Object.assign(links[1] ?? {}, { bytesReceived: 8 });
  assert.equal(check.silent, 2);
  Object.assign(links[0] ?? {}, { ended: true });
  assert.deepEqual([check.silent, check.gone], [0, 0]);
});
