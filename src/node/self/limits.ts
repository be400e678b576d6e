import { type Limit, tunable } from "../../core/limits.ts";

/** Bounds of the room `node/self`. */
export const SELF_LIMITS: Readonly<
  Record<
    | "reviewMs"
    | "resignMs"
    | "loadSmoothingMs"
    | "measureRetryMs"
    | "measureSoonMs"
    | "measureDailyMs"
    | "measurePeersKept"
    | "earliestMs"
    | "beatGapMs"
    | "uptimeDays"
    | "reachMs"
    | "reachRetryMs"
    | "reachSoonMs"
    | "reachAskMs"
    | "reachRelays"
    | "reachDrawn"
    | "signedNumbers"
    | "ownChecks"
    | "seenNetworks"
    | "seenAddresses",
    Limit
  >
> = {
  reviewMs: tunable(5_000, "ms", "How often a node looks whether its advertisement is still true."),
  resignMs: tunable(60_000, "ms", "Receivers take one advertisement a minute from an honest node."),
  loadSmoothingMs: tunable(60_000, "ms", "A load that was smoothed over a minute shows no single download."),
  measureRetryMs: tunable(30_000, "ms", "Before a node measures with a peer, and after a failure; doubled each time."),
  measureSoonMs: tunable(600_000, "ms", "Between the first three measurements, so that one peer's word is not all."),
  measureDailyMs: tunable(86_400_000, "ms", "Lines change seldom, and 32 MiB a day is what it may cost."),
  measurePeersKept: tunable(16, "count", "Peers that a node measured with last, and passes over for the next."),
  earliestMs: tunable(1_767_225_600_000, "ms", "The year 2026: a clock that shows less is wrong, and marks no uptime."),
  beatGapMs: tunable(150_000, "ms", "A beat this late still fills in the minutes before it; timers are late by less."),
  uptimeDays: tunable(40, "count", "Days of uptime kept: 30, and some that a wrong clock wrote."),
  reachMs: tunable(
    900_000,
    "ms",
    "How often a node that was reached has itself dialled: routers forget, addresses change.",
  ),
  reachRetryMs: tunable(
    120_000,
    "ms",
    "The same after a failure: an operator who just opened a port wants to see it work.",
  ),
  reachSoonMs: tunable(15_000, "ms", "Before it is looked again for a relay to ask where none is known."),
  reachAskMs: tunable(30_000, "ms", "Two handshakes, and the 8 s and 5 s that a relay gives the next hop."),
  reachRelays: tunable(3, "count", "Relays asked in one check; two that agree decide."),
  reachDrawn: tunable(
    32,
    "count",
    "Relays drawn, those first that answered last, so that three of different networks are among them.",
  ),
  signedNumbers: tunable(
    256,
    "count",
    "Numbers of own advertisements that are kept: at one a minute, all that are valid, twice.",
  ),
  ownChecks: tunable(
    16,
    "per-second",
    "Signatures checked of what others say this node signed: at most 2 ms of CPU a second.",
  ),
  seenNetworks: tunable(64, "count", "Networks whose word about this node's own address is kept, the latest."),
  seenAddresses: tunable(
    4,
    "count",
    "Own addresses of a family that others' word makes: each closes a place at the exit.",
  ),
};
