import { fixed, type Limit, tunable } from "../core/limits.ts";

/** The bounds of planning. */
export const ROUTING_LIMITS: Readonly<Record<"maxHops" | "maxPlanComparisons", Limit>> = {
  maxHops: fixed(5, "count", "Each hop costs a round trip and a TLS layer; past three, anonymity hardly grows."),
  maxPlanComparisons: tunable(
    2_000_000,
    "count",
    "Nodes write their own families, so a hostile set could make the search for disjoint hops explode.",
  ),
};
