import { type Limit, tunable } from "../core/limits.ts";

/** Bounds of the room `rate`. */
export const RATE_LIMITS: Readonly<Record<"refusalWords" | "examinedKeys", Limit>> = {
  refusalWords: tunable(256, "count", "Rules, lists and limits by which refusals are told apart."),
  examinedKeys: tunable(
    4,
    "count",
    "Keys that are looked at for one that may be forgotten when there are too many: constant work, and a busy one is hit only among four busy ones.",
  ),
};
