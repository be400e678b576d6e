import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { GossipBudget } from "./gossip-budget.ts";
import { drawsGossip, freshTopic, gossipShare } from "./gossip-share.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

const { gossipPerPeriod, gossipPerNetwork, gossipNetworks } = DISCOVERY_LIMITS;
const { renewMs } = PEERS_LIMITS;

function passed(budget: GossipBudget, networks: readonly (string | undefined)[]): number {
  return networks.filter((network) => budget.take(network)).length;
}

test("a topic has its country in its name", () => {
  assert.equal(freshTopic("de"), "fresh/1/de");
});

test("all of a small country speak, and of a large one as many as in a small one", () => {
  for (const nodes of [0, 1, 50, gossipPerPeriod.value]) assert.equal(gossipShare(nodes), 1);
  for (const nodes of [10_000, 200_000, 1e7]) {
    assert.ok(Math.abs(gossipShare(nodes) * nodes - gossipPerPeriod.value) < 1e-6);
  }
  const random = seededRandom(3);
  const drawn = Array.from({ length: 20_000 }, () => drawsGossip(20_000, random)).filter(Boolean).length;
  assert.ok(Math.abs(drawn - gossipPerPeriod.value) < gossipPerPeriod.value / 4, `${drawn}`);
});

test("a hearer passes on no more than its budget, and fills it up again over a period", () => {
  const clock = new FakeClock();
  const budget = new GossipBudget({ clock });
  const crowd = Array.from({ length: 5_000 }, (_, at) => `${at}`);
  assert.equal(passed(budget, crowd), gossipPerPeriod.value);
  clock.advance(renewMs.value / 10);
  assert.equal(passed(budget, crowd), Math.floor(gossipPerPeriod.value / 10));
  clock.advance(10 * renewMs.value);
  assert.equal(passed(budget, crowd), gossipPerPeriod.value);
});

test("one network uses up its own part only", () => {
  const budget = new GossipBudget({ clock: new FakeClock() });
  assert.equal(passed(budget, Array(500).fill("66.6")), gossipPerNetwork.value);
  assert.equal(passed(budget, ["10.1", undefined]), 2);
});

test("a fresh name does not refill the budget as a whole, and only what passes is counted", () => {
  const budget = new GossipBudget({ clock: new FakeClock() });
  const names = Array.from({ length: 3 * gossipNetworks.value }, (_, at) => `${at}`);
  assert.equal(passed(budget, names), gossipPerPeriod.value);
  assert.equal(budget.networks, gossipPerPeriod.value);
});
