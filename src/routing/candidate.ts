import type { HostPort } from "../core/network-address.ts";

/** What planning needs to know of a node whose advertisement was verified. */
export interface Candidate {
  /** Peer id in base36. */
  readonly peerId: string;
  /** Where the node answers: an IP address and a port. */
  readonly endpoint: HostPort;
  /** `relay` carries links onward, `exit` opens streams to targets. */
  readonly roles: readonly string[];
  /** The claimed country: ISO 3166-1 alpha-2 in lower case. */
  readonly country?: string;
  /** The network that the endpoint stands in, as `networkPrefix` writes it; two hops never share one. */
  readonly network?: string;
  /** Peer ids of the nodes of the same operator, or a name that they share; two hops are never of one family. */
  readonly family?: readonly string[];
  /** The signed advertisement, as it is shown to the hop before. */
  readonly envelope: Uint8Array;
}
