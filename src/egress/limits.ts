import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  maxTargetSockets: [4096, "count", "each costs a file descriptor and kernel buffers"],
  maxHopSockets: [4_608, "count", "what a relay carries and the proofs under way; the relay shares these out"],
  maxUdpFlows: [1024, "count", "each costs a file descriptor and a port for at least two minutes"],
  maxPendingLookups: [256, "count", "each costs a socket and can be made slow by the name's owner"],
  connectTimeoutMs: [10_000, "ms", "three SYNs (1 s, 2 s, 4 s apart) and then some; a client waits behind it"],
  attemptDelayMs: [250, "ms", "RFC 8305 section 5 recommends it"],
  maxAttempts: [8, "count", "a name with many addresses must not make the exit a port scanner"],
  lookupTimeoutMs: [6000, "ms", "two tries of 2 s and 4 s"],
  nextServerMs: [300, "ms", "A name server near by answers sooner; then the next one is asked beside it."],
  nameServerSilences: [
    2,
    "count",
    "Look-ups in a row that a name server leaves without an answer: one may be a slow name.",
  ],
  signOfLifeMs: [1_000, "ms", "For a name server to say where the root is; it has that at hand."],
  nameServerRestMs: [
    300_000,
    "ms",
    "A name server that failed is asked last for so long; then one look-up waits at most 0.3 s.",
  ],
  secondFamilyWaitMs: [
    250,
    "ms",
    "RFC 8305 section 3 says 50 ms; longer, as the guard should see every answer that is coming",
  ],
  maxAnswers: [64, "count", "no honest name has more; those beyond are never dialled"],
  maxCachedNames: [
    4096,
    "count",
    "Names whose addresses are kept; 2.8 MiB (measured) with names of 240 characters and the addresses below.",
  ],
  maxCachedAddresses: [
    16_384,
    "count",
    "Addresses of all these names: four each. A name may have 128; without this bound the cache took 28 MiB.",
  ],
  maxCacheTtlSeconds: [300, "seconds", "long enough for one page, too short to show who went where yesterday"],
  udpIdleMs: [120_000, "ms", "RFC 9298 section 3.1 and RFC 4787 REQ-5: not less than two minutes"],
  maxUdpQueueBytes: [1_048_576, "bytes", "what the kernel will not take at once is dropped beyond this"],
  maxUdpQueued: [
    1_024,
    "count",
    "the same in datagrams: an empty one has no bytes and costs memory; with usual ones the bytes are fewer first",
  ],
  localAddressesRetryMs: [1_000, "ms", "where they could not be read, as when no file descriptor is left"],
  localAddressesAgeMs: [60_000, "ms", "addresses of a machine change seldom; reading them costs a system call"],
  portTries: [
    16,
    "count",
    "ports of a bound address that are tried for a connection; with half of them taken, one connection in 65,000 leaves the choice to the system",
  ],
  portCounters: [65_536, "count", "targets share them by chance; 256 KiB, and as many as Linux has"],
  portStep: [8, "count", "a port that a target saw leaves so many for the next; a row lasts 3,000 connections"],
  portRangeAgeMs: [60_000, "ms", "operators change it seldom; reading it takes three small files"],
  nat64Prefixes: [16, "count", "a network has one or two; each is compared with every IPv6 address"],
  nat64AgeMs: [3_600_000, "ms", "a network's translator moves with its addresses, which are looked at anyway"],
  policyRules: [4_096, "count", "what is longer is a blocklist, which has a form of its own that takes millions"],
  maxFirstBytes: [65_536, "bytes", "no honest ClientHello or HTTP header is longer; so much of it is kept"],
  maxBeforeSecondHello: [
    131_072,
    "bytes",
    "a server that wants a second hello takes 16 KiB of early data before it, by OpenSSL's and Go's defaults",
  ],
  firstDatagrams: [8, "count", "of a flow, each way, that are looked at; BitTorrent shows in the first ones"],
  maxStreams: [4096, "count", "as many as there are sockets to targets; `max-streams` sets another"],
  streamsPerSecond: [500, "per-second", "a busy exit opens some dozens; a flood of them wears out routers at home"],
  linkStreams: [1024, "count", "a quarter of the node, so that one link cannot take all of it"],
  linkStreamsPerSecond: [
    200,
    "per-second",
    "a browser that opens ten tabs again, and 32 workers of a scraper at 160 ms a request; two fifths of the node's",
  ],
  linkTargetsPerMinute: [300, "count", "a browser asks for up to 200 hosts a minute; a scan asks for thousands"],
  targetStreams: [512, "count", "what the largest hosts serve to one address without calling it an attack"],
  targetStreamsPerSecond: [100, "per-second", "the exit must not be the weapon of a flood; clients wait their turn"],
  streamBurstMs: [
    400,
    "ms",
    "of a second's limit so much may come at once: a page's first connections do, and ten seconds stay within 4 % of the limit",
  ],
  limitedKeys: [
    65_536,
    "count",
    "payers and hosts without streams that are remembered, of each so many: more than 500 new ones a second leave in two minutes",
  ],
  fairMultiple: [
    2,
    "count",
    "Of the free places of a pool, so many times as many may one network hold: two thirds of the pool if it is alone.",
  ],
  leastSharedPlaces: [16, "count", "Smaller pools are not shared: the first clients may take all."],
} as const;

/** Every bound and time-out of the exit. */
export const EGRESS_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
