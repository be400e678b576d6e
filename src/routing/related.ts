import type { Candidate } from "./candidate.ts";

/**
 * Whether two nodes may not stand in one circuit: one node, one network (/16 or /32), one AS where data knows it, or one
 * family, whoever of the two says so.
 */
export function related(a: Candidate, b: Candidate): boolean {
  if (a.peerId === b.peerId) return true;
  if (a.network !== undefined && a.network === b.network) return true;
  if (a.provenAsn !== undefined && a.provenAsn === b.provenAsn) return true;
  const { family: ofA = [] } = a;
  const { family: ofB = [] } = b;
  return ofA.includes(b.peerId) || ofB.includes(a.peerId) || ofA.some((member) => ofB.includes(member));
}

/** Whether two nodes are related or stand in one country. */
export function relatedOrNeighbours(a: Candidate, b: Candidate): boolean {
  return related(a, b) || (a.country !== undefined && a.country === b.country);
}
