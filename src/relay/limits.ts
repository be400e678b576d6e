import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  advertisementHeaderBytes: [
    2_048,
    "bytes",
    "A signed advertisement of 1 KiB in base64url, with its envelope.",
    "protocol",
  ],
  waysTried: [
    2,
    "count",
    "A node has one address of each family; more only helps a scanner. One that fails takes its part of the time.",
  ],
  dialMs: [5_000, "ms", "A TCP connection that takes longer makes a bad hop."],
  carried: [4_096, "count", "Onward connections open at once; each holds a socket and two windows."],
  carriedPerNetwork: [2_048, "count", "Half of them: many clients share one network, or come through one relay."],
  carriedPerLink: [640, "count", "A client has 512 circuits over one first hop, and some that end just now."],
  carriedToHop: [
    480,
    "count",
    "Of these, to one hop, which takes 512 links from one address: some are left for this node's own.",
  ],
  waiting: [1_024, "count", "Requests that wait until the next hop is connected; each holds its header list."],
  waitingPerNetwork: [256, "count", "Fifty clients behind one address that each open five circuits at once."],
  waitingPerLink: [64, "count", "A client opens some 16 circuits at once."],
  returning: [
    2,
    "count",
    "Streams from one address back to it: a node that checks its own port needs one; links nested over two relays need more.",
  ],
  proofMs: [5_000, "ms", "A TCP connection and a TLS handshake with a hop that has proved itself there before."],
  unknownProofMs: [
    1_500,
    "ms",
    "The same with one that only strangers name, and when each failure is answered; clients wait for 2 s. Two round trips of 300 ms take 0.6 s.",
  ],
  proofLastsMs: [3_600_000, "ms", "A node that moves away is noticed by the client's own handshake meanwhile."],
  knownLastsMs: [
    86_400_000,
    "ms",
    "So long after that a hop may be proven again without the bounds for what only strangers name.",
  ],
  provenHops: [16_384, "count", "About 2 MiB; the oldest proof goes first."],
  failedProofLastsMs: [10_000, "ms", "A hop that is down is not dialled again for each client that asks."],
  failedHops: [4_096, "count", "Failed proofs remembered; the oldest goes first."],
  pendingProofs: [256, "count", "Each holds a socket to a server that a stranger named."],
  pendingProofsPerNetwork: [64, "count", "For the links of one network; a proof takes a tenth of a second."],
  pendingProofsPerEndpointNetwork: [16, "count", "To the endpoints of one network."],
  unprovenBurstOfLink: [
    20,
    "count",
    "Proofs under way or failed; those that succeed are given back. A client that starts opens some 16 circuits.",
  ],
  unprovenPerMinuteOfLink: [10, "count", "A client meets a few hops a minute that are down."],
  unprovenBurstOfNetwork: [60, "count", "The same for the links of one network: tens of clients that start."],
  unprovenPerMinuteOfNetwork: [30, "count", "Tens of clients that each meet a hop that is down now and then."],
  unprovenBurst: [240, "count", "The same for all links together."],
  unprovenPerMinute: [120, "count", "Two a second: what a relay may cost strangers whose servers are no nodes."],
  unprovenBurstToNetwork: [16, "count", "The same for the endpoints of one network, from all links together."],
  unprovenPerMinuteToNetwork: [8, "count", "A network that holds no nodes should hardly notice."],
  quietShare: [
    4,
    "count",
    "The last fourth of a bound that all links share is for those whose proofs did not fail lately; half of it for networks.",
  ],
  unprovenPortsForNetwork: [2, "count", "Ports of one host that links of one network may name without success."],
  unprovenPorts: [4, "count", "The same for all links: with one, naming a port would shut out the node at another."],
  unprovenPortsMs: [3_600_000, "ms", "For how long such a port counts: a scan of a host takes years."],
  proofBurstOfNetwork: [200, "count", "Proofs of any outcome for one network: each costs a handshake, some 2 ms."],
  proofsPerSecondOfNetwork: [5, "per-second", "A network of a thousand nodes is proven in a few minutes."],
  proofBurst: [400, "count", "The same for all links together: after a restart nobody is proven."],
  proofsPerSecond: [20, "per-second", "About 4 % of a core."],
  limitedKeys: [
    16_384,
    "count",
    "Networks and hosts whose proofs are remembered, of each so many; about 200 bytes each.",
  ],
} as const;

/** Bounds of the relay room. Networks are a /24 of IPv4 or a /48 of IPv6. */
export const RELAY_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
