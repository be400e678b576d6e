import type { PathPlannerComponents } from "../../src/dispatch/path-planner.ts";
import { directTo } from "../../src/link/direct-way.ts";
import type { Candidate } from "../../src/routing/candidate.ts";
import { CandidateIndex } from "../../src/routing/candidate-index.ts";
import type { TrustSource } from "../../src/trust/trust-source.ts";

/** A node that does everything and stands in a network of its own. */
export function node(peerId: string, fields: Partial<Candidate> = {}): Candidate {
  return {
    peerId,
    ways: [directTo({ host: "127.0.0.1", port: 443 })],
    roles: ["relay", "exit"],
    protocols: ["tcp"],
    acceptedPorts: [{ first: 1, last: 65_535 }],
    networkKind: "unknown",
    network: `net-${peerId}`,
    ...fields,
  };
}

/** Nobody was seen yet. */
export const NO_TRUST: TrustSource = { trustOf: () => ({ score: 0.5, observations: 0 }) };

/** All were seen, and often. */
export const ALL_KNOWN: TrustSource = { trustOf: () => ({ score: 0.8, observations: 100 }) };

/** An index of these nodes. */
export function indexOf(candidates: readonly Candidate[], trust: TrustSource = NO_TRUST): CandidateIndex {
  const index = new CandidateIndex({ trust });
  for (const candidate of candidates) index.put(candidate);
  return index;
}

/** What a planner asks where all nodes of `index` answer, and nothing is known of others. */
export function answeringNodes(index: CandidateIndex): PathPlannerComponents["peers"] {
  return {
    usable: () => index,
    known: () => undefined,
    expect: () => {},
    isListed: (peer) => index.get(peer) !== undefined,
    offer: () => {},
  };
}
