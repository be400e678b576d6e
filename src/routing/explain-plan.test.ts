import assert from "node:assert/strict";
import { test } from "node:test";
import { indexOf, node } from "../../test/support/candidates.ts";
import { seededRandom } from "../core/random.ts";
import type { Explanation } from "./explanation.ts";
import { planCircuit } from "./plan.ts";
import type { PlanOptions, PlanRequest } from "./plan-request.ts";

/** 20 that this client knows well and 20 that it does not. */
const INDEX = indexOf(
  Array.from({ length: 40 }, (_, at) =>
    node(`n${at}`, { country: at % 2 === 0 ? "us" : "de", city: "C", asn: at, isp: at < 5 ? "Net Example" : "Other" }),
  ),
  { trustOf: (peer) => ({ score: 0.9, observations: Number(peer.slice(1)) < 20 ? 10 : 0 }) },
);

function explain(request: Partial<PlanRequest>, options: Partial<PlanOptions> = {}, seed = 1): Explanation {
  const asked = { constraints: {}, explain: true, ...request };
  const plan = planCircuit(asked, INDEX, seededRandom(seed), { defaultHops: 1, ...options });
  assert.ok(plan.explanation !== undefined);
  assert.deepEqual(
    plan.explanation.hops.map(({ peerId }) => peerId),
    plan.hops.map(({ peerId }) => peerId),
  );
  return plan.explanation;
}

test("an explanation tells the funnel, the weights, and each candidate's parts and share", () => {
  const told = explain({ constraints: { countries: ["us"] } });
  assert.deepEqual(told.funnel, [
    { left: 40, what: "nodes" },
    { left: 40, what: "exits" },
    { left: 20, what: "in us" },
  ]);
  assert.equal(told.preset, "balanced");
  assert.equal(told.drawnFrom, 20);
  assert.equal(told.candidates.length, 16);
  const [best] = told.candidates;
  assert.deepEqual([best?.country, best?.city, best?.observations], ["us", "C", 10]);
  assert.ok(Math.abs((best?.parts.trust ?? 0) - 0.9) < 1e-6);
  assert.ok(Math.abs((best?.score ?? 0) - (0.4 * 0.9 + 0.6 * 0.5)) < 1e-6);
  assert.ok(Math.abs((best?.share ?? 0) - 0.095) < 1e-9, "one of ten that share 95 %");
  const newcomer = told.candidates.find(({ observations }) => observations === 0);
  assert.ok(Math.abs((newcomer?.share ?? 0) - 0.005) < 1e-9, "one of ten that share 5 %");
  assert.equal(JSON.parse(JSON.stringify(told)).hops.length, 1);
  assert.equal(planCircuit({ constraints: {} }, INDEX, seededRandom(1), { defaultHops: 1 }).explanation, undefined);
});

test("the shares are the same whichever group the draw fell into", () => {
  const told = Array.from({ length: 40 }, (_, seed) => explain({ constraints: { countries: ["us"] } }, {}, seed));
  const shares = told.map(({ candidates }) =>
    candidates.map((one) => `${one.observations} ${one.share.toFixed(6)}`).join(),
  );
  assert.deepEqual([...new Set(told.map(({ hops }) => hops[0]?.rule))].sort(), ["best", "exploration"]);
  assert.equal(new Set(shares).size, 1);
});

test("each hop tells the rule that chose it", () => {
  const rules = (request: Partial<PlanRequest>, hops = 1): string =>
    explain(request, { defaultHops: hops, explorationShare: 0 })
      .hops.map(({ rule }) => rule)
      .join(" ");
  assert.equal(rules({}), "best");
  assert.equal(rules({ constraints: { node: "n3" } }), "given");
  assert.equal(rules({ exit: "n3" }), "given");
  assert.equal(rules({ sessionSeed: "s" }), "session");
  assert.equal(rules({ guards: ["n7"], constraints: { node: "n8" } }, 3), "guard best given");
  assert.equal(rules({ kept: [INDEX.at(0), INDEX.at(1)], constraints: { node: "n8" } }, 3), "given given given");
  assert.equal(explain({}, { explorationShare: 1 }).hops[0]?.rule, "exploration");
});

test("the preset and the weights are those of the request, then those of the options", () => {
  assert.equal(explain({ constraints: { preset: "fast" } }, { preset: "reliable" }).preset, "fast");
  assert.equal(explain({}, { preset: "reliable" }).preset, "reliable");
  const weights = { trust: 1, latency: 1, availability: 0, load: 2 };
  assert.deepEqual(explain({}, { weights }).weights, { trust: 0.25, latency: 0.25, availability: 0, load: 0.5 });
  assert.equal(explain({ constraints: { preset: "fast" } }, { weights }).weights.latency, 0.6);
});

test("a node that fits two values of one constraint is drawn from once", () => {
  assert.equal(explain({ constraints: { isps: ["net", "net example"] } }).drawnFrom, 5);
});

test("a fixed exit is the only candidate", () => {
  const told = explain({ sessionSeed: "s" });
  assert.deepEqual([told.drawnFrom, told.candidates[0]?.share], [1, 1]);
});
