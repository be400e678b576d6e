import assert from "node:assert/strict";
import { test } from "node:test";
import { cheapPool } from "../../test/support/cheap-pool.ts";
import { linkOf } from "../../test/support/fake-circuit.ts";
import { hopNetwork } from "../../test/support/hop-network.ts";
import { requestOf } from "../../test/support/hops.ts";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { Observer } from "../trust/observer.ts";
import type { Circuit } from "./circuit.ts";
import { CircuitPool } from "./circuit-pool.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const usable = (circuits: readonly Circuit[]): number => circuits.filter((circuit) => circuit.usable).length;

test("one circuit too many costs the group that was unused for longest, and no other", async () => {
  const { pool, built } = cheapPool(0);
  const most = CIRCUIT_LIMITS.circuits.value;
  const need = (index: number) => requestOf(`user ${index}`, () => []);
  for (let index = 0; index < most; index += 1) await pool.circuit(need(index));
  await pool.circuit(need(0));
  await pool.circuit(need(most));
  assert.equal(usable(built), most);
  assert.deepEqual([built[0]?.usable, built[1]?.usable, built[most]?.usable], [true, false, true]);
  await pool.stop();
});

test("a group that is forgotten while its circuit is built is remembered with it, so that it can be closed", async () => {
  const { pool, built } = cheapPool(0);
  const many = CIRCUIT_LIMITS.groups.value + CIRCUIT_LIMITS.circuits.value;
  await Promise.all(Array.from({ length: many }, (_, index) => pool.circuit(requestOf(`user ${index}`, () => []))));
  assert.equal(usable(built), CIRCUIT_LIMITS.circuits.value);
  await pool.stop();
});

test("however many constraints are asked for, few are remembered, and those in demand are kept ready", async () => {
  const { pool, clock, built } = cheapPool(1);
  const common = requestOf("", () => []);
  for (let index = 0; index < 1_000; index += 1) {
    await pool.circuit(requestOf("a", () => [], "", `country=${index}`));
    pool.expect(common);
  }
  assert.ok(pool.demands <= CIRCUIT_LIMITS.demands.value && pool.spares <= CIRCUIT_LIMITS.spares.value);
  clock.advance(CIRCUIT_LIMITS.checkPeriodMs.value);
  const before = built.length;
  assert.ok(built.indexOf(await pool.circuit(requestOf("b", () => []))) < before);
  await pool.stop();
  assert.equal(usable(built), 0);
});

test("long-lived streams on circuits that were succeeded never keep a user from a new circuit", async () => {
  await using network = await hopNetwork(1);
  const clock = new FakeClock();
  const pool = new CircuitPool(
    { builder: network.builder(), observer: new Observer({ clock }), clock, logger: silentLogger },
    { spareCircuits: 0 },
  );
  const need = requestOf("a", network.choose(1));
  for (let round = 0; round < CIRCUIT_LIMITS.circuitsPerGroup.value + 2; round += 1) {
    const circuit = await pool.circuit(need);
    (await circuit.openStream({ host: "target.example", port: 80 })).resume();
    circuit.close();
  }
  assert.equal((await pool.circuit(need)).usable, true);
  await pool.stop();
});

test("a successor that cannot be built is tried again after a pause, and not for every stream", async () => {
  const { pool, clock, network } = cheapPool(0);
  const need = requestOf("a", () => []);
  const old = await pool.circuit(need);
  clock.advance(CIRCUIT_LIMITS.circuitAgeMs.value - 1);
  // What carries a stream is not closed for its age alone.
  linkOf(old).streams = 1;
  clock.advance(1);
  network.down = true;
  network.asked = 0;
  const ask = async (): Promise<void> => {
    assert.equal(await pool.circuit(need), old);
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (let count = 0; count < 100; count += 1) await ask();
  assert.equal(network.asked, 1);
  clock.advance(CIRCUIT_LIMITS.prebuildRetryMs.value);
  await ask();
  assert.equal(network.asked, 2);
  await pool.stop();
});

test("an exit that ends every circuit at once is not built to again and again ahead of need", async () => {
  const { pool, clock, built, network } = cheapPool(4);
  const need = requestOf("", () => []);
  const expect = async (): Promise<void> => {
    pool.expect(need);
    await new Promise((resolve) => setImmediate(resolve));
    for (const circuit of built) circuit.close();
  };
  for (let count = 0; count < 100; count += 1) await expect();
  assert.equal(network.asked, 1);
  clock.advance(CIRCUIT_LIMITS.prebuildRetryMs.value);
  await expect();
  assert.equal(network.asked, 2);
  await pool.stop();
});

test("a circuit that was left, and only finishes its streams, does not bind its group to its exit", async () => {
  const { pool, network } = cheapPool(0);
  const need = requestOf("a", () => []);
  const left = await pool.circuit(need);
  linkOf(left).streams = 1;
  left.close();
  assert.notEqual(await pool.circuit(need), left);
  assert.equal(network.exit, undefined);
  await pool.stop();
});

test("a circuit that carried as many bytes as one key may is succeeded, and ends", async () => {
  const { pool, clock } = cheapPool(0);
  const need = requestOf("a", () => []);
  const worn = await pool.circuit(need);
  linkOf(worn).bytes = CIRCUIT_LIMITS.circuitBytes.value - 1;
  assert.equal(await pool.circuit(need), worn);
  await settled();
  assert.equal(pool.size, 1);
  linkOf(worn).bytes = CIRCUIT_LIMITS.circuitBytes.value;
  await pool.circuit(need);
  await settled();
  assert.notEqual(await pool.circuit(need), worn);
  clock.advance(CIRCUIT_LIMITS.checkPeriodMs.value);
  assert.equal(worn.usable, false);
  await pool.stop();
});

test("no more isolation groups are remembered than the bound says, and the one unused for longest goes first", async () => {
  const { pool, network } = cheapPool(0);
  const need = (name: string) => requestOf(name, () => []);
  const [old, used] = [await pool.circuit(need("old")), await pool.circuit(need("used"))];
  network.down = true;
  // Groups whose circuits cannot be built have none that counts for the bound of circuits.
  for (let n = 0; n < CIRCUIT_LIMITS.groups.value - 2; n += 1) await assert.rejects(pool.circuit(need(`user ${n}`)));
  assert.equal(await pool.circuit(need("used")), used);
  assert.deepEqual([old.usable, used.usable], [true, true]);
  await assert.rejects(pool.circuit(need("one more")));
  assert.deepEqual([old.usable, used.usable], [false, true]);
  await pool.stop();
});
