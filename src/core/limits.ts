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
export const CORE_LIMITS: Readonly<
  Record<
    | "smallHeapBytes"
    | "heapLookMs"
    | "earliestMs"
    | "clockToleranceMs"
    | "descriptorLookMs"
    | "descriptorTellMs"
    | "clockLookMs",
    Limit
  >
> = {
  smallHeapBytes: tunable(64 * 1024 * 1024, "bytes", "A heap that may grow sixfold between two full collections."),
  heapLookMs: tunable(1_000, "ms", "How often it is looked at whether the heap is still a small one."),
  earliestMs: fixed(
    1_793_491_200_000,
    "ms",
    "2026-11-01 as Unix time: a clock that shows an earlier time is wrong, and is not waited for.",
  ),
  clockToleranceMs: tunable(
    86_400_000,
    "ms",
    "A clock that leaps by less is believed at once: nothing is kept for so few days that a day less would hurt.",
  ),
  descriptorLookMs: tunable(1_000, "ms", "How often it is looked at whether a file can be opened: two quick calls."),
  descriptorTellMs: tunable(
    600_000,
    "ms",
    "How long the status says that there was none left. The log has one warning.",
  ),
  clockLookMs: tunable(7_200_000, "ms", "The most that counts as one stretch between two looks at the clock."),
};
