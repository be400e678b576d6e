import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  checks: [16, "count", "Health checks at a time; each is a TLS handshake on both sides."],
  checkMs: [5_000, "ms", "A node that has not answered by then is not one to rely on."],
  checkConnectMs: [
    1_000,
    "ms",
    "A check that has no connection by then gives its place to another and goes on: most who answer do so sooner.",
  ],
  slowChecks: [48, "count", "Checks that go on without a place: three seconds of 16 a second."],
  failuresPerAddress: [
    6,
    "count",
    "Failed checks at one address before a pause that doubles; a household has fewer nodes that are gone.",
  ],
  othersToVouch: [
    3,
    "count",
    "Networks that name a node and named nothing silent at its address: it is checked though the address is paused.",
  ],
  failuresPerSubnet: [16, "count", "The same in one /24 or /48."],
  failuresAtOnce: [480, "count", "Failed checks in all that are free: half a minute of 16 a second."],
  failureRefillMs: [500, "ms", "After this time one more is."],
  aloneAddressPauseMs: [
    120_000,
    "ms",
    "The longest pause of an address while no node answers: an offline client is back that soon.",
  ],
  reachedDrawn: [128, "count", "Nodes that answered last, among which those are drawn that come first."],
  checkPauseMs: [1_000, "ms", "How often it is looked at whose check is due."],
  recheckMs: [90_000, "ms", "How old the last sign of life of a usable node may get; docs/simulation.md."],
  farRecheckMs: [600_000, "ms", "Nodes that are checked by way of others: each check costs three nodes a handshake."],
  alarmRecheckMs: [
    30_000,
    "ms",
    "The same while many leave: 95 % of what is picked is alive when half go in ten minutes.",
  ],
  alarmFailures: [2, "count", "So many failures among the last checks of usable nodes mean that many leave."],
  alarmChecks: [30, "count", "Checks of usable nodes that are looked back at for that."],
  thoroughMs: [
    900_000,
    "ms",
    "How often a usable node proves who it is; in between it is enough that somebody answers.",
  ],
  usablePeers: [64, "count", "Nodes of any kind that are kept usable."],
  usableForQuery: [
    48,
    "count",
    "Nodes of a kind that was asked for that are kept usable: enough to rotate among; a check every two seconds.",
  ],
  queries: [16, "count", "Kinds of nodes that are remembered as asked for."],
  queryMs: [600_000, "ms", "How long such a kind is remembered."],
  failedPauseMs: [60_000, "ms", "Before a node that did not answer is checked again; doubled each time."],
  alonePauseMs: [10_000, "ms", "The pause while no node answers at all: then the fault is hardly theirs."],
  checkModes: [16_384, "count", "Nodes of which it is remembered whether they are checked from here; about 2 MiB."],
  usableInAll: [
    256,
    "count",
    "Nodes that are kept usable in all: three checks a second, nine in alarm; then the kind unasked for longest loses.",
  ],
  redrawMs: [5_000, "ms", "Before it is looked again for a kind of which all known nodes have been checked."],
} as const;

/** Bounds of the room `liveness`. */
export const LIVENESS_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
