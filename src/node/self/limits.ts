import { type Limits, limitsOf } from "../../core/limits.ts";

const LIMITS = {
  reviewMs: [5_000, "ms", "How often a node looks whether its advertisement is still true."],
  resignMs: [60_000, "ms", "Receivers take one advertisement a minute from an honest node."],
  loadSmoothingMs: [60_000, "ms", "A load that was smoothed over a minute shows no single download."],
  measureRetryMs: [30_000, "ms", "Before a node measures with a peer, and after a failure; doubled each time."],
  measureSoonMs: [600_000, "ms", "Between the first three measurements, so that one peer's word is not all."],
  measureDailyMs: [86_400_000, "ms", "Lines change seldom, and 32 MiB a day is what it may cost."],
  measurePeersKept: [16, "count", "Peers that a node measured with last, and passes over for the next."],
  earliestMs: [1_767_225_600_000, "ms", "The year 2026: a clock that shows less is wrong, and marks no uptime."],
  beatGapMs: [150_000, "ms", "A beat this late still fills in the minutes before it; timers are late by less."],
  uptimeDays: [40, "count", "Days of uptime kept: 30, and some that a wrong clock wrote."],
  reachMs: [900_000, "ms", "How often a node that was reached has itself dialled: routers forget, addresses change."],
  reachRetryMs: [120_000, "ms", "The same after a failure: an operator who just opened a port wants to see it work."],
  reachSoonMs: [15_000, "ms", "Before it is looked again for a relay to ask where none is known."],
  reachAskMs: [30_000, "ms", "Two handshakes, and the 8 s and 5 s that a relay gives the next hop."],
  reachRelays: [3, "count", "Relays asked in one check; two that agree decide."],
  reachDrawn: [
    32,
    "count",
    "Relays drawn, those first that answered last, so that three of different networks are among them.",
  ],
  signedNumbers: [
    256,
    "count",
    "Numbers of own advertisements that are kept: at one a minute, all that are valid, twice.",
  ],
  ownChecks: [
    16,
    "per-second",
    "Signatures checked of what others say this node signed: at most 2 ms of CPU a second.",
  ],
  seenNetworks: [64, "count", "Networks whose word about this node's own address is kept, the latest."],
  seenAddresses: [4, "count", "Own addresses of a family that others' word makes: each closes a place at the exit."],
} as const;

/** Bounds of the room `node/self`. */
export const SELF_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
