import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BywayError } from "../core/errors.ts";
import { seededRandom } from "../core/random.ts";
import type { Candidate } from "./candidate.ts";
import type { Constraints } from "./constraints.ts";
import { planCircuit } from "./plan.ts";

function node(peerId: string, fields: Partial<Candidate> = {}): Candidate {
  return {
    peerId,
    endpoint: { host: "127.0.0.1", port: 443 },
    roles: ["relay", "exit"],
    network: `net-${peerId}`,
    envelope: new Uint8Array(0),
    ...fields,
  };
}

const SIX: readonly Candidate[] = [
  node("a", { country: "de" }),
  node("b", { country: "de" }),
  node("c", { country: "us" }),
  node("d", { country: "us" }),
  node("e", { country: "nl" }),
  node("r", { country: "nl", roles: ["relay"] }),
];

function plan(constraints: Constraints, candidates = SIX, seed = 1): string[] {
  return planCircuit(constraints, candidates, seededRandom(seed), { defaultHops: 1 }).map((hop) => hop.peerId);
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
  assert.equal(planCircuit({}, SIX, seededRandom(1), { defaultHops: 3 }).length, 3);
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
    assert.equal(new Set(countries).size, 3);
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
    [refusal({}, []), "no node fits any request: 0 nodes"],
    [refusal({}, [node("r", { roles: ["relay"] })]), "no node fits role=exit: 1 node, 0 exits"],
    [refusal({ node: "nobody" }), "no node fits node=nobody: 6 nodes, 5 exits, 0 of that id"],
    [refusal({ node: "a", countries: ["us"] }), "no node fits country=us: 6 nodes, 5 exits, 1 of that id, 0 in us"],
    [
      refusal({ hops: 2 }, [node("a")]),
      "no node fits hops=2: 1 node, 1 exit, 1 relay, 1 of different nodes, networks and families",
    ],
    [
      refusal({ hops: 5 }, [node("a"), node("b"), node("c")]),
      "no node fits hops=5: 3 nodes, 3 exits, 3 relays, 3 of different nodes, networks and families",
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
    peerId: fc.constantFrom(..."abcdefgh"),
    network: fc.constantFrom("n1", "n2", "n3", "n4", undefined),
    family: fc.array(fc.constantFrom(..."abcdefgh"), { maxLength: 2 }),
    country: fc.constantFrom("de", "us", undefined),
    roles: fc.constantFrom(["exit"], ["relay"], ["relay", "exit"]),
  });
  const property = fc.property(
    fc.array(candidate, { maxLength: 12 }),
    fc.integer({ min: 1, max: 5 }),
    fc.nat(),
    (drawn, hops, seed) => {
      const nodes = drawn.map(({ peerId, network, country, ...rest }) =>
        node(peerId, { ...rest, network: network ?? `net-${peerId}`, ...(country === undefined ? {} : { country }) }),
      );
      const related = (a: Candidate, b: Candidate): boolean =>
        a.peerId === b.peerId ||
        a.network === b.network ||
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
        row = planCircuit({ hops }, nodes, seededRandom(seed), { defaultHops: 1 });
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
  const options = { defaultHops: 3, kept: SIX.filter(({ peerId }) => peerId === "r") };
  for (let seed = 0; seed < 50; seed += 1) {
    const chosen = planCircuit({}, SIX, seededRandom(seed), options);
    assert.deepEqual([chosen[0]?.peerId, new Set(chosen.map(({ country }) => country)).size], ["r", 3]);
  }
  const family = [node("x", { family: ["f"] }), node("y", { family: ["f"] }), node("z")];
  const [first, second] = planCircuit({ hops: 2 }, family, seededRandom(1), {
    defaultHops: 1,
    kept: family.slice(0, 1),
  });
  assert.deepEqual([first?.peerId, second?.peerId], ["x", "z"]);
  assert.throws(() => planCircuit({ hops: 3 }, family, seededRandom(1), { defaultHops: 1, kept: family.slice(0, 1) }), {
    code: "ERR_NO_NODE",
  });
});

test("guards are preferred as long as a circuit can be found with one", () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const at = (constraints: Constraints, guards: readonly string[]): string | undefined =>
      planCircuit(constraints, SIX, seededRandom(seed), { defaultHops: 3, guards })[0]?.peerId;
    assert.ok(["a", "c"].includes(at({}, ["a", "c"]) ?? ""));
    assert.equal(at({ node: "a" }, ["a", "c"]), "c", "the exit is not its own guard");
    assert.notEqual(at({ node: "a" }, ["a"]), "a");
    assert.notEqual(at({}, ["gone"]), undefined);
  }
});
