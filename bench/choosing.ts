import { parseArgs } from "node:util";
import { type Random, seededRandom } from "../src/core/random.ts";
import type { Candidate } from "../src/routing/candidate.ts";
import { CandidateIndex } from "../src/routing/candidate-index.ts";
import { planCircuit } from "../src/routing/plan.ts";
import type { PlanRequest } from "../src/routing/plan-request.ts";
import { syntheticCandidate, syntheticCandidates, syntheticTrust } from "./synthetic-candidates.ts";

// What a choice costs as the directory grows: `npm run bench:choosing [-- --json] [--sizes 1000,100000] [--rounds N]`.
// Times are of the wall, each run alone, after warming up: other programs on the machine show in the p99. Processor time
// of a thread is told in steps of milliseconds on many systems, which is no use here.

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    sizes: { type: "string", default: "1000,10000,100000,1000000" },
    rounds: { type: "string", default: "2000" },
  },
});
const rounds = Number(values.rounds);

interface Figure {
  readonly nodes: number;
  readonly what: string;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** What the p99 must stay below. */
  readonly goalMs?: number;
}

interface Memory {
  readonly nodes: number;
  readonly bytesPerNode: number;
}

const figures: Figure[] = [];
const memories: Memory[] = [];

function heldBytes(): number {
  global.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function measure(nodes: number, what: string, goalMs: number | undefined, run: (round: number) => void): void {
  for (let round = 0; round < Math.min(rounds, 300); round += 1) run(round);
  const times = Array.from({ length: rounds }, (_, round) => {
    const before = performance.now();
    run(round);
    return performance.now() - before;
  }).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  figures.push({ nodes, what, medianMs: at(0.5), p99Ms: at(0.99), ...(goalMs === undefined ? {} : { goalMs }) });
}

/** Requests for where exits are, taken from exits, so that common places are asked for more often than rare ones. */
function requestsFor(candidates: readonly Candidate[], random: Random): Readonly<Record<string, () => PlanRequest>> {
  const exits = candidates.filter(({ roles }) => roles.includes("exit"));
  const one = (): Candidate => exits[Math.floor(random.float() * exits.length)] ?? syntheticCandidate(random);
  const somewhere = (): PlanRequest["constraints"] => {
    const { city = "", country = "", asn = 0 } = one();
    return { countries: [country], cities: [city], asns: [asn] };
  };
  return {
    "any exit": () => ({ constraints: {} }),
    country: () => ({ constraints: { countries: ["us"] } }),
    "country, port and protocol": () => ({
      constraints: { countries: [one().country ?? ""] },
      port: 443,
      protocol: "udp",
    }),
    "country, city and AS": () => ({ constraints: somewhere() }),
    "three hops": () => ({ constraints: { countries: ["us"], hops: 3 } }),
    "three hops, private": () => ({ constraints: { preset: "private" } }),
    "session, country": () => ({ constraints: { countries: ["us"] }, sessionSeed: String(random.float()) }),
    "session, any exit": () => ({ constraints: {}, sessionSeed: String(random.float()) }),
  };
}

const GOALS_MS: Readonly<Record<string, number>> = { country: 1, "country, city and AS": 1, "three hops": 2 };
const MILLION_GOAL_MS = 5;

function measureSize(nodes: number): void {
  const candidates = syntheticCandidates(nodes);
  const trust = syntheticTrust(candidates, Math.min(1_000, nodes / 4));
  const before = heldBytes();
  const index = new CandidateIndex({ trust });
  for (const candidate of candidates) index.put(candidate);
  memories.push({ nodes, bytesPerNode: (heldBytes() - before) / nodes });
  const random = seededRandom(1);
  for (const [what, request] of Object.entries(requestsFor(candidates, random))) {
    const goal = nodes > 100_000 ? MILLION_GOAL_MS : GOALS_MS[what];
    measure(nodes, what, goal, () => {
      const asked = request();
      try {
        planCircuit(asked, index, random, { defaultHops: 1 });
      } catch (error) {
        // The one exit there may be at its capacity.
        if (what !== "country, city and AS") throw error;
      }
    });
  }
  measure(nodes, "put what changed", undefined, (round) =>
    index.put(candidates[(round * 97) % nodes] ?? fresh(random)),
  );
  measure(nodes, "refresh", undefined, (round) => index.refresh(candidates[(round * 89) % nodes]?.peerId ?? ""));
  measure(nodes, "remove and put", undefined, (round) => {
    const candidate = candidates[(round * 83) % nodes] ?? fresh(random);
    index.remove(candidate.peerId);
    index.put(candidate);
  });
}

const fresh = syntheticCandidate;

for (const size of values.sizes.split(",")) measureSize(Number(size));

if (values.json) console.log(JSON.stringify({ rounds, figures, memories }, undefined, 2));
else {
  console.log("| nodes | what | median ms | p99 ms | goal for p99 |");
  console.log("|---:|---|---:|---:|---|");
  for (const { nodes, what, medianMs, p99Ms, goalMs } of figures) {
    const verdict = goalMs === undefined ? "" : `< ${goalMs}: ${p99Ms < goalMs ? "reached" : "MISSED"}`;
    console.log(
      `| ${nodes.toLocaleString("en")} | ${what} | ${medianMs.toFixed(3)} | ${p99Ms.toFixed(3)} | ${verdict} |`,
    );
  }
  for (const { nodes, bytesPerNode } of memories)
    console.log(`${nodes.toLocaleString("en")} nodes: ${Math.round(bytesPerNode)} bytes a node beside the candidate`);
}
