import { type Limit, tunable } from "../core/limits.ts";

/** The bounds on what a client keeps for the program that it is a library of. */
export const CLIENT_LIMITS: Readonly<Record<"lingerMs", Limit>> = {
  lingerMs: tunable(2_000, "ms", "time for a target to end a stream that a program has let go of, before it is reset"),
};
