import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { indexOf, node } from "../../test/support/candidates.ts";
import { BywayError } from "../core/errors.ts";
import { seededRandom } from "../core/random.ts";
import type { Candidate } from "./candidate.ts";
import type { Constraints } from "./constraints.ts";
import { planCircuit } from "./plan.ts";
import type { PlanOptions, PlanRequest } from "./plan-request.ts";

const SIX: readonly Candidate[] = [
  node("a", { country: "de" }),
  node("b", { country: "de" }),
  node("c", { country: "us" }),
  node("d", { country: "us" }),
  node("e", { country: "nl" }),
  node("r", { country: "nl", roles: ["relay"] }),
];

function planned(
  request: PlanRequest,
  candidates: readonly Candidate[] = SIX,
  seed = 1,
  options: PlanOptions = { defaultHops: 1 },
): readonly Candidate[] {
  return planCircuit(request, indexOf(candidates), seededRandom(seed), options).hops;
}

function plan(constraints: Constraints, candidates = SIX, seed = 1): string[] {
  return planned({ constraints }, candidates, seed).map((hop) => hop.peerId);
}

function refusal(constraints: Constraints, candidates = SIX): BywayError {
  try {
    plan(constraints, candidates);
  } catch (error) {
    if (error instanceof BywayError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("the default number of hops is taken when none is asked for", () => {
  assert.equal(plan({}).length, 1);
  assert.equal(planned({ constraints: {} }, SIX, 1, { defaultHops: 3 }).length, 3);
});

test("the exit is the last hop and fits the constraints", () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const [guard, exit] = plan({ hops: 2, countries: ["us", "nl"] }, SIX, seed);
    assert.ok(["c", "d", "e"].includes(exit ?? ""));
    assert.notEqual(guard, exit);
  }
  assert.deepEqual(plan({ node: "c" }), ["c"]);
  assert.equal(plan({ node: "c", hops: 3 }).at(-1), "c");
});

test("every node that fits is chosen sometimes", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 200; seed += 1) for (const hop of plan({ hops: 3 }, SIX, seed)) seen.add(hop);
  assert.deepEqual([...seen].sort(), ["a", "b", "c", "d", "e", "r"]);
});

test("hops are of different countries when there are enough", () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const hops = plan({ hops: 3 }, SIX, seed);
    const countries = hops.map((hop) => SIX.find((candidate) => candidate.peerId === hop)?.country);
    assert.equal(new Set(countries).size, 3, hops.join());
  }
});

test("one country is used twice rather than not at all", () => {
  const two = [node("a", { country: "de" }), node("b", { country: "de" })];
  assert.deepEqual(plan({ hops: 2 }, two).sort(), ["a", "b"]);
});

test("an exit that leaves no room for the others is passed over", () => {
  // Only "far" stands in another network than the relays.
  const nodes = [
    node("x1", { network: "n" }),
    node("x2", { network: "n" }),
    node("r1", { network: "n", roles: ["relay"] }),
    node("far", { network: "m", roles: ["exit"] }),
  ];
  for (let seed = 0; seed < 30; seed += 1) assert.equal(plan({ hops: 2 }, nodes, seed).at(-1), "far");
});

test("the funnel names the constraint that left nothing", () => {
  const error = refusal({ countries: ["zz"] });
  assert.equal(error.code, "ERR_NO_NODE");
  assert.equal(error.message, "no node fits country=zz: 6 nodes, 5 exits, 0 in zz");
  assert.deepEqual(error.data, {
    constraint: "country=zz",
    funnel: [
      { left: 6, what: "nodes" },
      { left: 5, what: "exits" },
      { left: 0, what: "in zz" },
    ],
  });
  const messages = [
    [refusal({}, []), "no nodes are known yet"],
    [refusal({}, [node("r", { roles: ["relay"] })]), "no node fits role=exit: 1 node, 0 exits"],
    [refusal({ node: "nobody" }), "no node fits node=nobody: 6 nodes, 5 exits, 0 of that id"],
    [refusal({ node: "a", countries: ["us"] }), "no node fits country=us: 6 nodes, 5 exits, 1 of that id, 0 in us"],
    [
      refusal({ hops: 2 }, [node("a")]),
      "no node fits hops=2: 1 node, 1 exit, 1 relay, 1 of different nodes, networks, ASes and families",
    ],
    [
      refusal({ hops: 5 }, [node("a"), node("b"), node("c")]),
      "no node fits hops=5: 3 nodes, 3 exits, 3 relays, 3 of different nodes, networks, ASes and families",
    ],
  ] as const;
  for (const [{ message }, expected] of messages) assert.equal(message, expected);
});

test("one network or one family never stands twice in a circuit", () => {
  const oneNetwork = [node("a", { network: "n" }), node("b", { network: "n" })];
  const families = [
    [node("a", { family: ["b"] }), node("b")],
    [node("a"), node("b", { family: ["a"] })],
    [node("a", { family: ["f"] }), node("b", { family: ["f"] })],
  ];
  for (const nodes of [oneNetwork, ...families]) {
    assert.match(refusal({ hops: 2 }, nodes).message, /^no node fits hops=2: 2 nodes, 2 exits, 2 relays, 1 of /);
  }
});

test("a number of hops out of range is refused", () => {
  for (const hops of [0, 6, 1.5, Number.NaN]) assert.equal(refusal({ hops }).code, "ERR_PARAMETER_VALUE");
});

test("any plan is a row of different, unrelated nodes of the right roles, or there is none", () => {
  const candidate = fc.record({
    peerId: fc.constantFrom(..."abcdefghijkl"),
    network: fc.constantFrom("n1", "n2", "n3", "n4", undefined),
    family: fc.array(fc.constantFrom(..."abcdefghijkl"), { maxLength: 2 }),
    country: fc.constantFrom("de", "us", undefined),
    provenAsn: fc.constantFrom(1, 2, 3, 4, 5, undefined),
    roles: fc.constantFrom(["exit"], ["relay"], ["relay", "exit"]),
  });
  const property = fc.property(
    fc.uniqueArray(candidate, { maxLength: 12, selector: ({ peerId }) => peerId }),
    fc.integer({ min: 1, max: 5 }),
    fc.nat(),
    (drawn, hops, seed) => {
      const nodes = drawn.map(({ peerId, network, country, provenAsn, ...rest }) =>
        node(peerId, {
          ...rest,
          network: network ?? `net-${peerId}`,
          ...(country === undefined ? {} : { country }),
          ...(provenAsn === undefined ? {} : { provenAsn }),
        }),
      );
      const related = (a: Candidate, b: Candidate): boolean =>
        a.peerId === b.peerId ||
        a.network === b.network ||
        (a.provenAsn !== undefined && a.provenAsn === b.provenAsn) ||
        [a.peerId, ...(a.family ?? [])].some((m) => [b.peerId, ...(b.family ?? [])].includes(m));
      const fits = (row: readonly Candidate[]): boolean =>
        row.every((a, i) => row.every((b, j) => i === j || !related(a, b)));
      const exists = (row: readonly Candidate[]): boolean =>
        row.length === hops ||
        nodes.some(
          (n) => n.roles.includes(row.length === 0 ? "exit" : "relay") && fits([...row, n]) && exists([...row, n]),
        );
      let row: readonly Candidate[];
      try {
        row = planned({ constraints: { hops } }, nodes, seed);
      } catch (error) {
        assert.ok(error instanceof BywayError && error.code === "ERR_NO_NODE");
        assert.equal(exists([]), false);
        return;
      }
      assert.equal(row.length, hops);
      assert.ok(fits(row));
      assert.ok(row.at(-1)?.roles.includes("exit"));
      assert.ok(row.slice(0, -1).every((hop) => hop.roles.includes("relay")));
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("a hostile set of families ends the search instead of the process", () => {
  const ids = Array.from({ length: 400 }, (_, n) => `n${n}`);
  // Each node is related to all but a few others, so that rows of five are rare and dead ends many.
  const nodes = ids.map((id, n) =>
    node(id, { family: ids.filter((_, m) => (n * 7 + m * 13) % 11 !== 0), network: `net${n}` }),
  );
  assert.equal(refusal({ hops: 5 }, nodes).code, "ERR_NO_NODE");
});

test("hops that stand already begin the circuit, and the rest is apart from them", () => {
  const kept = SIX.filter(({ peerId }) => peerId === "r");
  for (let seed = 0; seed < 50; seed += 1) {
    const chosen = planned({ constraints: {}, kept }, SIX, seed, { defaultHops: 3 });
    assert.deepEqual([chosen[0]?.peerId, new Set(chosen.map(({ country }) => country)).size], ["r", 3]);
  }
  const family = [node("x", { family: ["f"] }), node("y", { family: ["f"] }), node("z")];
  const first = family.slice(0, 1);
  assert.deepEqual(
    planned({ constraints: { hops: 2 }, kept: first }, family).map(({ peerId }) => peerId),
    ["x", "z"],
  );
  assert.throws(() => planned({ constraints: { hops: 3 }, kept: first }, family), { code: "ERR_NO_NODE" });
});

test("guards are preferred as long as a circuit can be found with one", () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const at = (constraints: Constraints, guards: readonly string[]): string | undefined =>
      planned({ constraints, guards }, SIX, seed, { defaultHops: 3 })[0]?.peerId;
    assert.equal(at({ node: "e" }, ["a", "c"]), "a", "the first one comes first");
    assert.equal(at({}, ["a"]), "a", "another exit rather than another guard");
    assert.equal(at({ node: "a" }, ["a", "c"]), "c", "the exit is not its own guard");
    assert.notEqual(at({ node: "a" }, ["a"]), "a");
    assert.notEqual(at({}, ["gone"]), undefined);
  }
});

test("the exit is the one that the session needs, another one where it must, of its AS where it must", () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const exitOf = (request: Partial<PlanRequest>, nodes = SIX): string | undefined =>
      planned({ constraints: {}, ...request }, nodes, seed).at(-1)?.peerId;
    assert.equal(exitOf({ exit: "c" }), "c");
    assert.notEqual(exitOf({ avoidExits: ["a"] }), "a");
    assert.equal(exitOf({ avoidExits: ["c"], constraints: { node: "c" } }), "c");
    assert.equal(exitOf({ avoidExits: ["a"] }, SIX.slice(0, 1)), "a", "rather than none");
    assert.equal(exitOf({ avoidExits: ["a"], sessionSeed: "s" }, SIX.slice(0, 1)), "a");
    assert.notEqual(exitOf({ avoidExits: ["a"], sessionSeed: String(seed) }), "a");
    assert.equal(exitOf({ exitAsn: 7 }, [...SIX, node("seven", { asn: 7 })]), "seven");
    assert.throws(() => exitOf({ exit: "c", failed: new Set(["c"]) }), { code: "ERR_NO_NODE" });
    assert.throws(() => exitOf({ exitAsn: 8 }), /no node fits sticky-asn=8/);
  }
});
