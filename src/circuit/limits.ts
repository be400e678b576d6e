import { fixed, type Limit, tunable } from "../core/limits.ts";

/** Bounds of the circuit room. */
export const CIRCUIT_LIMITS: Readonly<Record<"attempts" | "hops" | "extendMs" | "streamMs" | "circuits", Limit>> = {
  attempts: tunable(
    3,
    "count",
    "Circuits tried for one stream; more would hide a broken network from the app for too long.",
  ),
  hops: fixed(5, "count", "More hops add delay and no known protection."),
  extendMs: tunable(15_000, "ms", "One more hop costs three round trips over all hops before it."),
  streamMs: tunable(
    20_000,
    "ms",
    "Above the 16 s in which an exit looks a name up and connects, so that its reason arrives first.",
  ),
  circuits: tunable(1_024, "count", "Circuits that one client keeps open; the longest unused one goes first."),
};
