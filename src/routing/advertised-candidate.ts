import { networkPrefix, subnetPrefix } from "../geo/network-prefix.ts";
import { firstHopWays } from "../link/way-kinds.ts";
import type { BookPeer } from "../peers/book-peer.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { ReportedBy } from "../peers/stored-peer.ts";
import { countedAddress } from "../wire/advertisement.ts";
import type { Candidate } from "./candidate.ts";
import { deniedClaims } from "./denied-claims.ts";

/** What planning assumes about addresses. */
export interface CandidateOptions {
  /** Let hops of one circuit share a network. */
  readonly sharedNetworks: boolean;
}

/** The candidate that a known node makes, in the place where data says it is; undefined for one that cannot be reached. */
export function advertisedCandidate(
  known: KnownPeer & Partial<BookPeer>,
  options: CandidateOptions,
): Candidate | undefined {
  const { advertisement, envelope, place, rttMs, reportedBy, namedIn, isMute } = known;
  const { peer, roles, protocols, policy, family, upMbps, downMbps, load, availability, price } = advertisement;
  const { country, region, city, asn, isp, network: networkKind } = place ?? advertisement;
  const regionCode = place?.regionCode;
  const ways = firstHopWays(advertisement);
  const address = countedAddress(advertisement);
  if (ways.length === 0 || address === undefined) return undefined;
  const apart = options.sharedNetworks ? NO_GROUPS : groupsOf(address, place?.provenAsn);
  const capacityMbps = upMbps === undefined || downMbps === undefined ? undefined : Math.min(upMbps, downMbps);
  return defined({
    peerId: peer,
    ways,
    roles,
    protocols,
    acceptedPorts: policy.acceptedPorts,
    networkKind: networkKind ?? "unknown",
    denied: deniedClaims(advertisement, place),
    namedIn: isHandedIn(reportedBy) ? undefined : reportedBy?.peer === peer ? [] : namedIn,
    isMute,
    shown: isHandedIn(reportedBy) ? envelope : undefined,
    country,
    region,
    regionCode,
    city,
    asn,
    isp,
    family,
    capacityMbps,
    load,
    availability,
    price,
    rttMs,
    ...apart,
  });
}

/** Whether no stranger told of a peer: it is from a file of the user's, or was named by the program that uses the library. */
function isHandedIn(reportedBy: ReportedBy | undefined): boolean {
  return reportedBy === undefined || reportedBy.kind === "file";
}

/** What makes two nodes neighbours. */
interface Groups {
  readonly network: string | undefined;
  readonly subnet: string | undefined;
  readonly provenAsn: number | undefined;
}

const NO_GROUPS: Groups = { network: undefined, subnet: undefined, provenAsn: undefined };

function groupsOf(host: string, provenAsn: number | undefined): Groups {
  return { network: networkPrefix(host), subnet: subnetPrefix(host), provenAsn };
}

/** Without the keys whose value is undefined. */
function defined(candidate: { readonly [K in keyof Required<Candidate>]: Candidate[K] | undefined }): Candidate {
  return Object.fromEntries(
    Object.entries(candidate).filter(([, value]) => value !== undefined),
  ) as unknown as Candidate;
}
