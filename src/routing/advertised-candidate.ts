import type { KnownPeer } from "../directory/known-peer.ts";
import { networkPrefix } from "../geo/network-prefix.ts";
import type { Candidate } from "./candidate.ts";

/** What planning assumes about addresses. */
export interface CandidateOptions {
  /** Let hops of one circuit share a network. */
  readonly sharedNetworks: boolean;
}

/** The candidate that a known node makes, in the country where data says it is; undefined for one that cannot be dialled. */
export function advertisedCandidate(
  { advertisement, envelope, place }: KnownPeer,
  options: CandidateOptions,
): Candidate | undefined {
  const { peer, roles, family, endpoints } = advertisement;
  const { country } = place ?? advertisement;
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
