import assert from "node:assert/strict";
import { test } from "node:test";
import { cheapPool, inTurn } from "../../test/support/cheap-pool.ts";
import { exitOf, linkOf } from "../../test/support/fake-circuit.ts";
import { requestOf } from "../../test/support/hops.ts";
import { settled } from "../../test/support/settled.ts";

test("a circuit without room serves nobody: its group gets another one to the same exit", async () => {
  const { pool, network } = cheapPool(0);
  const need = requestOf("a", inTurn("x", "y"));
  const full = await pool.circuit(need);
  linkOf(full).room = 0;
  const next = await pool.circuit(need);
  assert.deepEqual([next === full, exitOf(next), network.exit], [false, "x", "x"]);
  assert.equal(await pool.circuit(need), next);
  linkOf(next).room = 0;
  linkOf(full).room = 1;
  assert.equal(await pool.circuit(need), full, "a stream on it has ended");
  await pool.stop();
});

test("a circuit that is nearly full gets a successor to the same exit, for which nobody waits", async () => {
  const { pool, network, built } = cheapPool(0);
  const need = requestOf("a", inTurn("x", "y"));
  const first = await pool.circuit(need);
  Object.assign(linkOf(first), { streams: 900, room: 300 });
  assert.equal(await pool.circuit(need), first);
  await settled();
  assert.equal(built.length, 1, "there is room enough");
  linkOf(first).room = 299;
  assert.equal(await pool.circuit(need), first);
  await settled();
  assert.deepEqual([built.length, network.exit], [2, "x"]);
  assert.equal(await pool.circuit(need), built[1]);
  await pool.stop();
});

test("where the only exit is full, those who rotate get another circuit to it", async () => {
  const { pool } = cheapPool(0);
  const need = { ...requestOf("a", inTurn("x")), rotates: true };
  const full = await pool.circuit(need);
  await settled();
  for (const circuit of [full, await pool.circuit(need)]) linkOf(circuit).room = 0;
  const next = await pool.circuit(need);
  assert.deepEqual([next === full, exitOf(next)], [false, "x"]);
  await pool.stop();
});

test("a full spare is taken by nobody", async () => {
  const { pool, built } = cheapPool(1);
  pool.expect(requestOf("", inTurn("x")));
  await settled();
  const [spare] = built;
  assert.ok(spare !== undefined);
  linkOf(spare).room = 0;
  assert.notEqual(await pool.circuit(requestOf("a", inTurn("x"))), spare);
  await pool.stop();
});

test("an exit that rests gets no new circuit until its time is over, and its circuit no new stream", async () => {
  const { pool, outcomes, clock } = cheapPool(0);
  const ask = async (user: string): Promise<string> => exitOf(await pool.circuit(requestOf(user, inTurn("x", "y"))));
  const resting = await pool.circuit(requestOf("a", inTurn("x", "y")));
  outcomes.rests(resting, 5_000);
  assert.deepEqual([resting.usable, await ask("a"), await ask("b")], [false, "y", "y"]);
  clock.advance(4_999);
  assert.equal(await ask("c"), "y");
  clock.advance(1);
  assert.equal(await ask("d"), "x");
  await pool.stop();
});
