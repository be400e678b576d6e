import assert from "node:assert/strict";
import { test } from "node:test";
import { indexOf, node } from "../../test/support/candidates.ts";
import { seededRandom } from "../core/random.ts";
import { isWitnessed } from "../peers/is-witnessed.ts";
import { planCircuit } from "./plan.ts";

const nodes = (...networks: readonly string[]) => networks.map((network, at) => node(`other${at}`, { network }));

test("a node stands behind other hops when two networks named it, or as many as there are", () => {
  const named = (...namedIn: readonly string[]) => node("x", { network: "9.9", namedIn });
  const table: readonly (readonly [readonly string[], readonly string[], boolean])[] = [
    [["1.1", "2.2"], ["1.1", "2.2", "3.3"], true],
    [["1.1"], ["1.1", "2.2"], false],
    [["1.1"], ["1.1", "1.1"], true],
    [["1.1"], ["1.1"], true],
    [[], ["1.1"], false],
    [[], [], false],
  ];
  for (const [namedIn, networks, expected] of table) {
    const candidate = named(...namedIn);
    const all = [candidate, ...nodes(...networks)];
    assert.equal(isWitnessed(candidate, all), expected, `${namedIn} of ${networks}`);
  }
  const mute = nodes("1.1", "2.2").map((other, at) => ({ ...other, isMute: at === 1 }));
  assert.ok(isWitnessed(named("1.1"), mute), "who names nobody is not waited for");
  assert.ok(isWitnessed(node("x"), nodes("1.1", "2.2")), "what its user named");
});

test("a node that a single peer names is a hop of one, and neither exit nor middle of more", () => {
  const honest = ["a", "b", "c"].map((id) => node(id, { namedIn: ["1.1", "2.2"] }));
  const made = node("made", { namedIn: ["1.1"] });
  const index = indexOf([...honest, made]);
  const plan = (hops: number, seed: number) =>
    planCircuit({ constraints: {} }, index, seededRandom(seed), { defaultHops: hops }).hops.map(({ peerId }) => peerId);
  const behind = new Set<string>();
  const alone = new Set<string>();
  for (let seed = 0; seed < 200; seed += 1) {
    for (const id of plan(3, seed).slice(1)) behind.add(id);
    for (const id of plan(1, seed)) alone.add(id);
  }
  assert.deepEqual([...behind].sort(), ["a", "b", "c"]);
  assert.deepEqual([...alone].sort(), ["a", "b", "c", "made"]);
});

test("where none is left for that reason, the error says so", () => {
  const index = indexOf([node("relay", { roles: ["relay"] }), node("x", { namedIn: [] }), node("y", { namedIn: [] })]);
  assert.throws(() => planCircuit({ constraints: {} }, index, seededRandom(1), { defaultHops: 2 }), {
    code: "ERR_NO_NODE",
    message: /named by two networks/,
  });
});
