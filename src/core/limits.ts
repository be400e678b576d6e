/** One bound on something that a stranger can make grow, or one time-out. Every room lists its own in `limits.ts`. */
export interface Limit {
  readonly value: number;
  readonly unit: "bytes" | "ms" | "count" | "per-second" | "seconds";
  /** Whether the protocol fixes it (both ends must agree) or an operator may tune it. */
  readonly fixed: boolean;
  readonly why: string;
}

/** A tunable limit. */
export function tunable(value: number, unit: Limit["unit"], why: string): Limit {
  return { value, unit, fixed: false, why };
}

/** A limit that the protocol fixes. */
export function fixed(value: number, unit: Limit["unit"], why: string): Limit {
  return { value, unit, fixed: true, why };
}

/** Bounds of the core room. */
export const CORE_LIMITS: Readonly<Record<"halfClosedIdleMs", Limit>> = {
  halfClosedIdleMs: tunable(
    300_000,
    "ms",
    "Silence after one direction of a stream has ended; a far side that reset meanwhile cannot be seen.",
  ),
};
