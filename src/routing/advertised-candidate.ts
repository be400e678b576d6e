import type { Advertisement } from "../wire/advertisement.ts";
import type { Candidate } from "./candidate.ts";
import { networkPrefix } from "./network-prefix.ts";

/** What planning assumes about addresses. */
export interface CandidateOptions {
  /** Let hops of one circuit share a network. */
  readonly sharedNetworks: boolean;
}

/** The candidate that a verified advertisement describes; undefined for a node that cannot be dialled. */
export function advertisedCandidate(
  advertisement: Advertisement,
  envelope: Uint8Array,
  options: CandidateOptions,
): Candidate | undefined {
  const { peer, roles, country, family, endpoints } = advertisement;
  const [endpoint] = endpoints;
  if (endpoint === undefined) return undefined;
  const network = options.sharedNetworks ? undefined : networkPrefix(endpoint.host);
  return {
    peerId: peer,
    endpoint,
    roles,
    envelope,
    ...(country === undefined ? {} : { country }),
    ...(family === undefined ? {} : { family }),
    ...(network === undefined ? {} : { network }),
  };
}
