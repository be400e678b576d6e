import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  refusalWords: [256, "count", "Rules, lists and limits by which refusals are told apart."],
  examinedKeys: [
    4,
    "count",
    "Keys that are looked at for one that may be forgotten when there are too many: constant work, and a busy one is hit only among four busy ones.",
  ],
} as const;

/** Bounds of the room `rate`. */
export const RATE_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
