import { generateIdentity } from "../../src/identity/identity.ts";
import { signAdvertisement } from "../../src/peers/signed-advertisement.ts";

/** One assumption of the cost model. */
export interface Assumption {
  readonly value: number;
  readonly unit: string;
  readonly why: string;
}

type AssumptionName =
  | "envelope"
  | "peerEntry"
  | "request"
  | "exchange"
  | "dial"
  | "connected"
  | "replicas"
  | "putsPerHour"
  | "refreshesPerHour"
  | "reviewsPerHour"
  | "reviewReads"
  | "shardPeers"
  | "meshCopies"
  | "gossipAround"
  | "gossipControl"
  | "countryShare"
  | "clientsPerNode"
  | "asksPerHour"
  | "askAnswer"
  | "searchesPerHour"
  | "usable"
  | "checksPerHour"
  | "ping"
  | "linkOpening"
  | "openingsPerHour"
  | "oneWayMs"
  | "dialRoundTrips"
  | "validateMs";

function envelopeBytes(): number {
  const identity = generateIdentity();
  const issuedAtSec = 1_800_000_000;
  return signAdvertisement(
    {
      v: 1,
      peer: identity.peerId,
      seq: 1_800_000_000_000,
      issuedAtSec,
      expiresAtSec: issuedAtSec + 7_200,
      roles: ["relay", "exit"],
      endpoints: [
        { host: "203.0.113.77", port: 4433 },
        { host: "2001:db8:1234:5678::77", port: 4433 },
      ],
      country: "de",
      region: "Berlin",
      city: "Berlin",
      asn: 64_500,
      isp: "Example Telecom Broadband GmbH",
      network: "residential",
      upMbps: 40,
      downMbps: 250,
      protocols: ["tcp", "udp"],
      availability: { last7Days: 0.97, last30Days: 0.93 },
      upSinceSec: issuedAtSec - 500_000,
      load: 0.25,
      price: { microUsdcPerGiB: 100_000n, microUsdcPerRequest: 0n },
      policy: {
        acceptedPorts: [
          { first: 80, last: 80 },
          { first: 443, last: 443 },
          { first: 1_024, last: 65_535 },
        ],
      },
      family: [],
      software: "byway/0.1.0",
    },
    identity,
  ).length;
}

function assume(value: number, unit: string, why: string): Assumption {
  return { value, unit, why };
}

/** Everything that the model takes for granted. Sizes are bytes on the wire with IP and TCP headers where it says so. */
export const ASSUMPTIONS: Readonly<Record<AssumptionName, Assumption>> = {
  envelope: assume(envelopeBytes(), "bytes", "A full advertisement, two endpoints, from our own codec"),
  peerEntry: assume(
    60,
    "bytes",
    "A peer in a Kademlia answer: protobuf of id (38), 1 to 2 addresses, connection state",
  ),
  request: assume(42, "bytes", "A Kademlia request: type and a key of 34 bytes"),
  exchange: assume(
    700,
    "bytes",
    "Around one request and its answer: opening a stream, protocol names, Yamux, Noise, 8 packets",
  ),
  dial: assume(4_500, "bytes", "A new libp2p connection: TCP, Noise XX, Yamux, identify both ways, closing"),
  connected: assume(300, "peers", "Connections that a node holds; those need no dial"),
  replicas: assume(20, "peers", "k: who stores a record and a name in the index"),
  putsPerHour: assume(2, "per hour", "A node puts its record into the DHT every second renewal: it lives two hours"),
  refreshesPerHour: assume(4, "per hour", "Look-ups that keep the table: own id and one random id, each twice an hour"),
  reviewsPerHour: assume(1, "per hour", "A node looks whether it stands right in the index, and is named again"),
  reviewReads: assume(1.9, "keys", "Its own shard, and one above by chance"),
  shardPeers: assume(64, "peers", "In an answer from a full shard of the index"),
  meshCopies: assume(5, "copies", "Gossipsub: D = 6, so each message comes and goes five times; IDONTWANT not counted"),
  gossipAround: assume(90, "bytes", "Around a gossip message: protobuf, Yamux, Noise, its part of a packet"),
  gossipControl: assume(500_000, "bytes/hour", "Heartbeats with IHAVE for 6 peers, each way, while messages flow"),
  countryShare: assume(0.1, "share", "The country that is looked at has a tenth of all nodes"),
  clientsPerNode: assume(5, "clients", "For each node"),
  asksPerHour: assume(12, "per hour", "A client asks another peer over the exchange every five minutes"),
  askAnswer: assume(50, "advertisements", "In an answer of the exchange"),
  searchesPerHour: assume(1, "per hour", "A client searches the index of one country"),
  usable: assume(50, "nodes", "That a client keeps checked"),
  checksPerHour: assume(40, "per hour", "A PING on the link to each of them, every 90 s"),
  ping: assume(250, "bytes", "PING and its answer as TLS records with TCP and IP headers, one acknowledgement"),
  linkOpening: assume(
    6_500,
    "bytes",
    "TLS 1.3 with X25519MLKEM768 and an Ed25519 certificate, HTTP/2 settings, headers",
  ),
  openingsPerHour: assume(15, "per hour", "Links to candidates that replace those that fell out"),
  oneWayMs: assume(50, "ms", "Between two peers"),
  dialRoundTrips: assume(4, "round trips", "TCP, Noise, stream, request"),
  validateMs: assume(1, "ms", "Checking one advertisement"),
};
