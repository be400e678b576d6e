import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_KNOWN, indexOf, NO_TRUST, node } from "../../test/support/candidates.ts";
import { mayComeFrom } from "../../test/support/chi-square.ts";
import { seededRandom } from "../core/random.ts";
import type { TrustSource } from "../trust/trust-source.ts";
import type { Candidate } from "./candidate.ts";
import { planCircuit } from "./plan.ts";
import type { PlanOptions, PlanRequest } from "./plan-request.ts";

const WEIGHTS = { trust: 40, latency: 25, availability: 20, load: 15 };

/** Nodes that differ in all that counts, some of them in crowds. */
function various(count: number): readonly Candidate[] {
  const random = seededRandom(11);
  const below = (bound: number): number => Math.floor(random.float() * bound);
  return Array.from({ length: count }, (_, at) =>
    node(`n${String(at).padStart(3, "0")}`, {
      subnet: `s${below(count / 2)}`,
      provenAsn: below(count / 3),
      family: below(3) === 0 ? [`f${below(4)}`] : [],
      rttMs: 10 + below(300),
      availability: { last7Days: random.float(), last30Days: random.float() },
      load: random.float() * 0.89,
      ...(below(5) === 0 ? {} : { capacityMbps: 1 + below(300) }),
    }),
  );
}

/** What docs/routing.md says, by the letter and without any haste: the chance of each of at most 256 nodes. */
function chancesByTheLetter(nodes: readonly Candidate[], trust: TrustSource): readonly number[] {
  const score = (c: Candidate): number => {
    const latency = 100 / (100 + (c.rttMs ?? 100));
    const availability = 0.7 * (c.availability?.last7Days ?? 0.5) + 0.3 * (c.availability?.last30Days ?? 0.5);
    return 0.4 * trust.trustOf(c.peerId).score + 0.25 * latency + 0.2 * availability + 0.15 * (1 - (c.load ?? 0.5));
  };
  const ranked = nodes.toSorted((a, b) => score(b) - score(a));
  const likes: readonly (readonly [number, (a: Candidate, b: Candidate) => boolean])[] = [
    [2, (a, b) => a.subnet === b.subnet],
    [4, (a, b) => a.provenAsn === b.provenAsn],
    [4, (a, b) => a.family?.some((name) => b.family?.includes(name)) === true],
  ];
  const best: Candidate[] = [];
  for (const one of ranked) {
    const isCrowded = likes.some(([most, alike]) => best.filter((other) => alike(one, other)).length >= most);
    if (!isCrowded && best.length < 32) best.push(one);
  }
  for (const one of ranked) if (!best.includes(one) && best.length < 32) best.push(one);
  const weight = (c: Candidate): number => {
    const crowd = Math.max(1, ...likes.map(([, alike]) => best.filter((other) => alike(c, other)).length));
    return (score(c) * Math.min(200, c.capacityMbps ?? 10)) / crowd;
  };
  const sum = best.reduce((total, one) => total + weight(one), 0);
  return nodes.map((one) => (best.includes(one) ? weight(one) / sum : 0));
}

function countPicks(
  nodes: readonly Candidate[],
  picks: number,
  settings: { trust?: TrustSource; request?: Partial<PlanRequest>; options?: Partial<PlanOptions> } = {},
): readonly number[] {
  const { trust = ALL_KNOWN, request = {}, options = {} } = settings;
  const index = indexOf(nodes, trust);
  const random = seededRandom(5);
  const places = new Map(nodes.map(({ peerId }, at) => [peerId, at]));
  const counts = nodes.map(() => 0);
  for (let pick = 0; pick < picks; pick += 1) {
    const plan = planCircuit({ constraints: {}, ...request }, index, random, { defaultHops: 1, ...options });
    const place = places.get(plan.hops.at(-1)?.peerId ?? "") ?? -1;
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

test("over 100,000 picks each node gets what score, capacity and allotments give it", () => {
  const nodes = various(60);
  const chances = chancesByTheLetter(nodes, ALL_KNOWN);
  assert.ok(chances.filter((chance) => chance === 0).length === 28, "the best 32 of 60");
  const counts = countPicks(nodes, 100_000, { options: { weights: WEIGHTS, explorationShare: 0 } });
  assert.ok(mayComeFrom(counts, chances));
  const even = nodes.map((_, at) => ((chances[at] ?? 0) > 0 ? 1 / 32 : 0));
  assert.equal(mayComeFrom(counts, even), false, "the test can tell shares apart");
});

test("nodes with little history get the exploration share, and more while there are few others", () => {
  const nodes = Array.from({ length: 60 }, (_, at) => node(`n${at}`));
  for (const [known, explorationShare, expected] of [
    [30, 0.05, 0.05],
    [30, 0.2, 0.2],
    [8, 0.05, 0.05],
    [4, 0.05, 0.525],
    [0, 0.05, 1],
    [60, 0.05, 0],
  ] as const) {
    const trust: TrustSource = {
      trustOf: (peer) => ({ score: 0.9, observations: Number(peer.slice(1)) < known ? 3 : 2 }),
    };
    const counts = countPicks(nodes, 4_000, { trust, options: { explorationShare } });
    const newcomers = sum(counts.slice(known));
    assert.ok(mayComeFrom([newcomers, 4_000 - newcomers], [expected, 1 - expected]), `${known}: ${newcomers}`);
  }
});

const CROWDS: readonly (readonly [string, (at: number) => Partial<Candidate>])[] = [
  ["/24", () => ({ subnet: "203.0.113" })],
  ["/48", () => ({ subnet: "2001:db8:1" })],
  ["AS", (at) => ({ subnet: `s${at}`, provenAsn: 64_500 })],
  ["family", (at) => ({ subnet: `s${at}`, family: ["crowd"] })],
];

for (const [what, fields] of CROWDS) {
  test(`39 nodes of one ${what} get what one gets`, () => {
    // They boast as well.
    const crowd = Array.from({ length: 39 }, (_, at) =>
      node(`sybil${at}`, { ...fields(at), capacityMbps: 200, rttMs: 0, availability: { last7Days: 1, last30Days: 1 } }),
    );
    const honest = (count: number): Candidate[] =>
      Array.from({ length: count }, (_, at) =>
        node(`honest${at}`, { subnet: `h${at}`, provenAsn: at, capacityMbps: 200, rttMs: 20 }),
      );
    const alone = countPicks([...crowd, ...honest(1)], 4_000, { options: { explorationShare: 0 } });
    assert.ok(sum(alone.slice(0, 39)) < 4_000 * 0.6, `${sum(alone.slice(0, 39))} of 4,000 beside one honest node`);
    const many = countPicks([...crowd, ...honest(19)], 4_000, { options: { explorationShare: 0 } });
    assert.ok(sum(many.slice(0, 39)) < 4_000 * 0.08, `${sum(many.slice(0, 39))} of 4,000 beside nineteen`);
    const unknown = countPicks([...crowd, ...honest(19)], 4_000, { trust: NO_TRUST });
    assert.ok(sum(unknown.slice(0, 39)) < 4_000 * 0.08, `${sum(unknown.slice(0, 39))} of 4,000 where nobody is known`);
  });
}

test("a stranger who names a node as its family takes nothing from it", () => {
  const id = (letter: string): string => `k51${letter.repeat(50)}`;
  const nodes = [node(id("a")), node(id("b"))];
  const claimed = [...nodes, ..."cdef".split("").map((letter) => node(id(letter), { family: [id("a")] }))];
  const counts = countPicks(claimed, 6_000, { options: { explorationShare: 0 } });
  assert.ok(
    mayComeFrom(
      counts,
      claimed.map(() => 1 / 6),
    ),
  );
});

test("a node that failed gets nothing, and one at its capacity neither", () => {
  const nodes = [node("a"), node("b"), node("c", { load: 0.9 }), node("d", { load: 0.89 })];
  const counts = countPicks(nodes, 1_000, { request: { failed: new Set(["b"]) } });
  assert.deepEqual([counts[1], counts[2]], [0, 0]);
  assert.ok((counts[0] ?? 0) > 300 && (counts[3] ?? 0) > 300);
});

test("no two hops of 2,000 circuits are related", () => {
  const nodes = various(200).map((one, at) => ({ ...one, network: `net${at % 40}` }));
  const index = indexOf(nodes, ALL_KNOWN);
  const random = seededRandom(8);
  for (let turn = 0; turn < 2_000; turn += 1) {
    const { hops } = planCircuit({ constraints: {} }, index, random, { defaultHops: 3 });
    assert.equal(hops.length, 3);
    assert.equal(new Set(hops.map(({ network }) => network)).size, 3);
    assert.equal(new Set(hops.map(({ provenAsn }) => provenAsn)).size, 3);
    const families = hops.flatMap(({ family = [] }) => family);
    assert.equal(new Set(families).size, families.length);
  }
});

test("a session keeps one exit over 10,000 requests while others rotate", () => {
  const nodes = various(60);
  const session = countPicks(nodes, 10_000, { request: { sessionSeed: "user session us 7" } });
  assert.deepEqual(
    session.filter((count) => count > 0),
    [10_000],
  );
  const rotating = countPicks(nodes, 2_000);
  assert.ok(rotating.filter((count) => count > 0).length >= 32);
});

test("the same seed plans the same circuits, explained or not", () => {
  const nodes = various(120);
  const plans = (explain: boolean, insert: readonly Candidate[]): readonly string[] => {
    const index = indexOf(insert, NO_TRUST);
    return Array.from({ length: 50 }, (_, seed) =>
      planCircuit({ constraints: {}, explain }, index, seededRandom(seed), { defaultHops: 3 })
        .hops.map(({ peerId }) => peerId)
        .join(),
    );
  };
  assert.deepEqual(plans(false, nodes), plans(false, nodes));
  assert.deepEqual(plans(false, nodes), plans(true, nodes));
  assert.ok(new Set(plans(false, nodes)).size > 45);
});
