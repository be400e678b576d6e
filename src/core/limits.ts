/** One bound on something that a stranger can make grow, or one time-out. Every room lists its own in `limits.ts`. */
export interface Limit {
  readonly value: number;
  readonly unit: "bytes" | "ms" | "count" | "per-second" | "seconds";
  /** Whether the protocol fixes it (both ends must agree) or an operator may tune it. */
  readonly fixed: boolean;
  readonly why: string;
}

/** A limit as a room writes it. The fourth word stands where the protocol fixes the value. */
type LimitRow = readonly [value: number, unit: Limit["unit"], why: string, setBy?: "protocol"];

/** The limits of a room, by the names of its rows. */
export type Limits<Rows> = { readonly [Name in keyof Rows]: Limit };

/**
 * Makes the limits of a room from its rows. The rows are a constant of literals `as const`, so that their names are the
 * names of the limits without a second list.
 */
export function limitsOf<Rows extends Readonly<Record<string, LimitRow>>>(rows: Rows): Limits<Rows> {
  const entries = Object.entries<LimitRow>(rows);
  return Object.fromEntries(
    entries.map(([name, [value, unit, why, setBy]]) => [name, { value, unit, fixed: setBy === "protocol", why }]),
  ) as Limits<Rows>;
}

const LIMITS = {
  smallHeapBytes: [67_108_864, "bytes", "A heap that may grow sixfold between two full collections."],
  heapLookMs: [1_000, "ms", "How often it is looked at whether the heap is still a small one."],
  earliestMs: [
    1_793_491_200_000,
    "ms",
    "2026-11-01 as Unix time: a clock that shows an earlier time is wrong, and is not waited for.",
    "protocol",
  ],
  clockToleranceMs: [
    86_400_000,
    "ms",
    "A clock that leaps by less is believed at once: nothing is kept for so few days that a day less would hurt.",
  ],
  descriptorLookMs: [1_000, "ms", "How often it is looked at whether a file can be opened: two quick calls."],
  descriptorTellMs: [600_000, "ms", "How long the status says that there was none left. The log has one warning."],
  clockLookMs: [7_200_000, "ms", "The most that counts as one stretch between two looks at the clock."],
} as const;

/** Bounds of the core room. */
export const CORE_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
