import assert from "node:assert/strict";
import { before, test } from "node:test";
import { seededRandom } from "../../src/core/random.ts";
import { DISCOVERY_LIMITS } from "../../src/discovery/limits.ts";
import { KademliaNetwork } from "./kademlia.ts";
import { LOOK_UP_WAYS, measureLookUps } from "./look-ups.ts";
import { playModel } from "./model.ts";
import { toPlot } from "./plot.ts";
import { toMarkdown, toPanels } from "./report.ts";
import type { Results } from "./results.ts";

const SIZES = { peers: [1_000, 10_000], lookUps: 20, rush: 2_000, churnRounds: 4, honest: 100, clients: 3 };

let results: Results;

before(async () => {
  const parts = await playModel(SIZES, 1, () => {});
  results = { date: "2026-01-01", commit: "0", seconds: 1, libp2p: undefined, ...parts };
});

function wayOf(name: string): (typeof LOOK_UP_WAYS)[number] {
  const way = LOOK_UP_WAYS.find((one) => one.name === name);
  assert.ok(way !== undefined);
  return way;
}

test("in a network that fits into every table all find the same, and the true, peers", () => {
  for (const { shape, paths } of LOOK_UP_WAYS) {
    const random = seededRandom(2);
    const network = new KademliaNetwork(15, random, { shape });
    const key = KademliaNetwork.randomId(random);
    const { closest } = network.lookUp(3, key, { paths });
    assert.deepEqual(
      closest,
      network.trulyClosest(key, 15).filter((peer) => peer !== 3),
    );
  }
});

test("hops grow with the logarithm of the network, and peers that are asked hardly", () => {
  const way = wayOf("Kademlia buckets, 3 paths");
  const [small, middle, large] = [2_000, 16_000, 128_000].map((peers) =>
    measureLookUps(peers, way, seededRandom(3), 60),
  );
  assert.ok(small !== undefined && middle !== undefined && large !== undefined);
  // Eight times as many peers each time: the same number of hops more, and not more than log2 8.
  assert.ok(middle.hops > small.hops && large.hops > middle.hops);
  assert.ok(large.hops - middle.hops < 1.5 && middle.hops - small.hops < 1.5);
  assert.ok(large.asked < 1.3 * small.asked, `${large.asked} to ${small.asked}`);
  for (const { right } of [small, middle, large]) assert.ok(right > 0.98, `${right}`);
});

test("tables of 64 parts lose their way in large networks: the trap that the overlay avoids", () => {
  const figures = measureLookUps(200_000, wayOf("64 parts, 3 paths"), seededRandom(4), 30);
  assert.ok(figures.right < 0.6, `${figures.right}`);
});

test("no shard and no search of the index grows beyond its bound", () => {
  for (const { largestShard, readsCold, readsWarm, estimate, hottestKeyReads, depth } of results.index) {
    assert.ok(largestShard <= DISCOVERY_LIMITS.indexOverfullPeers.value);
    assert.ok(readsCold <= DISCOVERY_LIMITS.indexReads.value && readsWarm < 9);
    assert.ok(estimate > 0.7 && estimate < 1.4, `${estimate}`);
    assert.ok(hottestKeyReads <= 1.5 * DISCOVERY_LIMITS.indexShardPeers.value * (depth + 1), `${hottestKeyReads}`);
  }
});

test("a quarter of an hour after a rush all nodes but a few stragglers are named, and after two hours all", () => {
  const lostAt = (at: number): number | undefined => results.rush.steps.find(({ minute }) => minute === at)?.lost;
  assert.ok((lostAt(1) ?? 0) > 0.1, "there was no rush");
  assert.ok((lostAt(15) ?? 1) < 0.003, `${lostAt(15)}`);
  assert.equal(lostAt(120), 0);
});

test("what a node and a client pay grows no faster than the logarithm", () => {
  for (const who of ["node", "client"] as const) {
    const totals = results.costs.filter((one) => one.who === who).map(({ total }) => total);
    const [small = 0, large = 0] = totals;
    // Most of the growth below 10,000 is that a country fills its share of gossip, and that neighbours must be dialled.
    assert.ok(large / small < 3, `${who}: ${large / small}`);
    assert.ok(large < 50e6, `${who}: ${large}`);
  }
});

test("while half of the nodes leave, the advised way of checking keeps 95 % of picks alive, and a slow one does not", () => {
  const silent = results.churn.filter(({ saidGoodbye }) => saidGoodbye === 0);
  const of = (way: string): number => silent.find((one) => one.way === way)?.alive ?? Number.NaN;
  assert.ok(of("50 nodes, every 90 s, 30 s in alarm") >= 0.95);
  assert.ok(of("50 nodes, every 300 s") < 0.95);
});

test("a crowd in few networks gets little of a client's view with the rules, and nearly all without", () => {
  const of = (withRules: boolean): number | undefined =>
    results.attacks.find((one) => one.from === "4 networks in 2 ASes" && one.withRules === withRules)?.usable;
  assert.ok((of(true) ?? 1) < 0.3, `${of(true)}`);
  assert.ok((of(false) ?? 0) > 0.9, `${of(false)}`);
});

test("the report has a figure in every cell, and the plot a point for every figure", () => {
  for (const text of [toMarkdown(results), toPlot(toPanels(results), "a <run> of tests")]) {
    assert.doesNotMatch(text, /NaN|undefined|Infinity/);
  }
  assert.match(toPlot(toPanels(results), "a <run> of tests"), /aria-label="a &lt;run> of tests"/);
});
