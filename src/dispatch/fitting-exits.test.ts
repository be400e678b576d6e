import assert from "node:assert/strict";
import { test } from "node:test";
import { cheapPool, inTurn } from "../../test/support/cheap-pool.ts";
import { exitOf } from "../../test/support/fake-circuit.ts";
import { requestOf } from "../../test/support/hops.ts";
import type { LookUp } from "../circuit/circuit-pool.ts";
import type { CircuitRequest } from "../circuit/circuit-request.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A request that only `exits` fit, and its look-up. */
function only(user: string, exits: readonly string[], session = ""): [CircuitRequest, LookUp] {
  return [requestOf(user, inTurn(...exits), session), { fits: ({ peerId }) => exits.includes(peerId) }];
}

test("a circuit that stands and does not fit is passed over for one that is built, and both stay", async () => {
  const { pool, network } = cheapPool(0);
  const web = only("a", ["web", "both"]);
  const mail = only("a", ["mail", "both"]);
  const first = await pool.circuit(...web);
  const second = await pool.circuit(...mail);
  assert.deepEqual([exitOf(first), exitOf(second)], ["web", "mail"]);
  assert.deepEqual([await pool.circuit(...web), await pool.circuit(...mail)], [first, second]);
  assert.equal(network.asked, 2);
  await pool.stop();
});

test("a spare that does not fit is left for others", async () => {
  const { pool, built } = cheapPool(1);
  pool.expect(only("", ["web"])[0]);
  await settle();
  assert.equal(exitOf(await pool.circuit(...only("a", ["mail"]))), "mail");
  assert.equal(await pool.circuit(...only("b", ["web"])), built[0]);
  await pool.stop();
});

test("what is built ahead follows what was asked for last", async () => {
  const { pool, outcomes, built } = cheapPool(1);
  pool.expect(only("", ["web"])[0]);
  await settle();
  const [spare] = built;
  assert.ok(spare !== undefined);
  outcomes.failed(spare, "web");
  pool.expect(only("", ["mail"])[0]);
  await settle();
  assert.deepEqual(built.map(exitOf), ["web", "mail"]);
  assert.equal(await pool.circuit(...only("a", ["mail"])), built[1]);
  await pool.stop();
});

test("those who waited for a circuit that does not fit get one that does, and build no more than needed", async () => {
  const { pool, network } = cheapPool(0);
  for (const name of ["web", "mail", "both"]) network.slow.add(name);
  const needs = Array.from({ length: 500 }, (_, index) => only("a", index % 2 === 0 ? ["web"] : ["mail"]));
  const asked = needs.map((need) => pool.circuit(...need));
  for (let round = 0; round < 5; round += 1) {
    await settle();
    network.release();
  }
  const exits = (await Promise.all(asked)).map(exitOf);
  assert.ok(exits.every((exit, index) => exit === (index % 2 === 0 ? "web" : "mail")));
  assert.equal(network.asked, 2);
  await pool.stop();
});

test("a group that is full of circuits that do not fit leaves one of them", async () => {
  const { pool, built } = cheapPool(0);
  for (let index = 0; index <= CIRCUIT_LIMITS.circuitsPerGroup.value; index += 1) {
    await pool.circuit(...only("a", [`exit ${index}`]));
  }
  assert.deepEqual([built[0]?.usable, built[1]?.usable, built.at(-1)?.usable], [false, true, true]);
  await pool.stop();
});

test("a session's exit is what its chooser says each time, and a circuit stands for it as long as it fits", async () => {
  const { pool, network } = cheapPool(4);
  let exit = "first";
  const need: [CircuitRequest, LookUp] = [
    requestOf("a", (hints) => inTurn(exit)(hints), "s"),
    { fits: ({ peerId }) => peerId === exit },
  ];
  const circuit = await pool.circuit(...need);
  assert.equal(await pool.circuit(...need), circuit);
  assert.deepEqual([network.asked, pool.spares], [1, 0], "nothing is built ahead for one session");
  exit = "second";
  assert.equal(exitOf(await pool.circuit(...need)), "second");
  assert.equal(network.exit, undefined, "the pool does not say which exit");
  await pool.stop();
});

test("a session takes a spare only if it is its exit's", async () => {
  const { pool, built } = cheapPool(2);
  pool.expect(requestOf("", inTurn("x")));
  await settle();
  assert.notEqual(await pool.circuit(...only("a", ["y"], "s")), built[0]);
  assert.equal(await pool.circuit(...only("b", ["x"], "s")), built[0]);
  await pool.stop();
});
