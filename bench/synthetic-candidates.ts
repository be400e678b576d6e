import { type Random, seededRandom } from "../src/core/random.ts";
import { directTo } from "../src/link/direct-way.ts";
import type { Candidate } from "../src/routing/candidate.ts";
import type { TrustSource } from "../src/trust/trust-source.ts";

// Shares of nodes as public peer-to-peer networks have them: a few countries hold most, and in each a few cities and AS.
const COUNTRIES = "us us us us us us de de de fr fr nl nl gb gb ca fi jp sg br pl se it es au in za mx tr ua".split(
  " ",
);
const KINDS = ["residential", "residential", "residential", "mobile", "hosting", "unknown"] as const;
const EXIT_PORTS = [
  { first: 80, last: 80 },
  { first: 443, last: 443 },
];
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** One candidate with all that a node fills in, as `advertisedCandidate` would make it. */
export function syntheticCandidate(random: Random): Candidate {
  const below = (bound: number): number => Math.floor(random.float() * bound);
  /** Low numbers far more often than high ones. */
  const skewed = (bound: number): number => Math.floor(random.float() ** 3 * bound);
  const country = COUNTRIES[below(COUNTRIES.length)] ?? "us";
  const home = COUNTRIES.indexOf(country) * 1_000;
  const asn = 1 + home + skewed(400);
  const [a, b, c, d] = [1 + below(220), below(256), below(256), below(256)];
  const peerId = `k51qzi5uqu5d${Array.from(random.bytes(25), (byte) => HEX[byte]).join("")}`;
  return {
    peerId,
    ways: [directTo({ host: `${a}.${b}.${c}.${d}`, port: 4433 })],
    roles: random.float() < 0.7 ? ["exit", "relay"] : ["relay"],
    protocols: random.float() < 0.8 ? ["tcp", "udp"] : ["tcp"],
    acceptedPorts: EXIT_PORTS,
    country,
    region: `region ${country} ${skewed(20)}`,
    city: `town ${country} ${skewed(200)}`,
    asn,
    provenAsn: asn,
    isp: `Provider ${asn} Communications, LLC`,
    networkKind: KINDS[below(KINDS.length)] ?? "unknown",
    network: `${a}.${b}`,
    subnet: `${a}.${b}.${c}`,
    capacityMbps: 1 + skewed(1_000),
    load: random.float(),
    availability: { last7Days: 0.5 + random.float() / 2, last30Days: 0.5 + random.float() / 2 },
    rttMs: 5 + skewed(400),
  };
}

/** `count` candidates, the same each time. */
export function syntheticCandidates(count: number): readonly Candidate[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, () => syntheticCandidate(random));
}

/** A client that has used the first `count` of some candidates. */
export function syntheticTrust(candidates: readonly Candidate[], count: number): TrustSource {
  const used = new Map(candidates.slice(0, count).map(({ peerId }, at) => [peerId, (at % 40) + 3]));
  return {
    trustOf: (peerId) => {
      const observations = used.get(peerId) ?? 0;
      return { score: observations === 0 ? 0.5 : 0.5 + (observations % 10) / 20, observations };
    },
  };
}
