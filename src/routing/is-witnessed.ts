import type { Candidate } from "./candidate.ts";

/** Networks that must have named a node before it stands behind other hops. */
const WITNESSES = 2;

/**
 * Whether a node may stand behind other hops: two networks of others named it, or as many as there are. One that a single
 * peer names may have been made for this client alone, and would know by that who comes. `all` are the nodes to choose from.
 */
export function isWitnessed(candidate: Candidate, all: Iterable<Candidate>): boolean {
  const { namedIn } = candidate;
  if (namedIn === undefined || namedIn.length >= WITNESSES) return true;
  const others = new Set<string>();
  for (const { peerId, network = peerId } of all) {
    if (peerId !== candidate.peerId) others.add(network);
    if (others.size > namedIn.length) return false;
  }
  return namedIn.length > 0;
}
