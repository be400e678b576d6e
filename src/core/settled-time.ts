import type { Clock } from "./clock.ts";
import type { JsonValue } from "./errors.ts";
import { CORE_LIMITS } from "./limits.ts";

/** What a settled time begins with. */
export interface SettledTimeOptions {
  /** How long the process must run with a clock that leapt before the new time is believed. */
  readonly holdMs: number;
  /** What `saved` gave before the restart. A value of another form counts as none. */
  readonly saved?: JsonValue | undefined;
  /** Where nothing is saved: a time that was right once, such as that of the oldest record. Default: the clock's. */
  readonly knownMs?: number | undefined;
}

/** A clock that shows another time than expected. */
interface Stray {
  /** How far it is from what was expected; negative where it is behind. */
  readonly byMs: number;
  /** For how long of running time. */
  readonly stoodMs: number;
}

const KINDS = ["settledMs", "byMs", "stoodMs"] as const;

/**
 * The time as far as it may decide what is deleted for good. A clock that leaps by more than a day, forward or back, is
 * believed only after it has stood there for `holdMs` of running time, over restarts; until then, time goes on from
 * where it was.
 *
 *     settled ── leaps by more than a day ─► stray ── stood for holdMs ─► settled at the new time
 *        ▲                                     │
 *        └────────── the clock is set right ───┘
 *
 * Nobody can see whether a leap over a restart is a wrong clock or a machine that was off. Both wait.
 */
export class SettledTime {
  readonly #clock: Pick<Clock, "nowMs" | "monotonicMs">;
  readonly #holdMs: number;
  #settledMs: number;
  /** On the monotonic clock. */
  #lookedMs: number;
  #stray: Stray | undefined;
  #isFirstLook = true;

  constructor(components: { readonly clock: Pick<Clock, "nowMs" | "monotonicMs"> }, options: SettledTimeOptions) {
    this.#clock = components.clock;
    this.#holdMs = options.holdMs;
    this.#lookedMs = this.#clock.monotonicMs();
    const { settledMs, byMs = 0, stoodMs = 0 } = numbers(options.saved);
    this.#settledMs = settledMs ?? options.knownMs ?? this.#clock.nowMs();
    if (stoodMs > 0) this.#stray = { byMs, stoodMs };
  }

  /** The time that is believed, in Unix ms: the clock's own, or where it leapt, what it showed before and has gone by since. */
  nowMs(): number {
    this.#look();
    return this.#settledMs;
  }

  /** The earlier of the time that is believed and the clock's: what is too old by it is too old by both. */
  safeMs(): number {
    return Math.min(this.nowMs(), this.#clock.nowMs());
  }

  /** How far the clock is from the time that is believed: 0 while it is settled, negative where it is behind. */
  get strayMs(): number {
    this.#look();
    return this.#stray?.byMs ?? 0;
  }

  /** Everything, as it is to be kept. */
  get saved(): { readonly [key: string]: number } {
    this.#look();
    return { settledMs: Math.floor(this.#settledMs), ...roundedStray(this.#stray) };
  }

  #look(): void {
    const { clockToleranceMs, clockLookMs, earliestMs } = CORE_LIMITS;
    const wallMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    const goneMs = Math.max(0, monotonicMs - this.#lookedMs);
    this.#lookedMs = monotonicMs;
    const isFirst = this.#isFirstLook;
    this.#isFirstLook = false;
    const byMs = wallMs - (this.#settledMs + goneMs);
    if (Math.abs(byMs) <= clockToleranceMs.value || this.#settledMs < earliestMs.value) {
      this.#settledMs = wallMs;
      this.#stray = undefined;
      return;
    }
    const stray = this.#stray;
    // While the program did not run, a clock that is ahead went on and what was expected did not.
    const isSame =
      stray !== undefined &&
      (Math.abs(byMs - stray.byMs) <= clockToleranceMs.value || (isFirst && byMs > stray.byMs && stray.byMs > 0));
    // Two looks that lie far apart say little of the time between.
    const stoodMs = isSame ? stray.stoodMs + Math.min(goneMs, clockLookMs.value) : 0;
    const isBelieved = stoodMs >= this.#holdMs;
    this.#settledMs = isBelieved ? wallMs : this.#settledMs + goneMs;
    this.#stray = isBelieved ? undefined : { byMs, stoodMs };
  }
}

function roundedStray(stray: Stray | undefined): { readonly byMs?: number; readonly stoodMs?: number } {
  return stray === undefined ? {} : { byMs: Math.floor(stray.byMs), stoodMs: Math.floor(stray.stoodMs) };
}

function numbers(saved: JsonValue | undefined): { readonly [key in (typeof KINDS)[number]]?: number } {
  if (typeof saved !== "object" || saved === null) return {};
  const found = KINDS.map((name) => [name, (saved as { readonly [key: string]: unknown })[name]] as const);
  return Object.fromEntries(found.filter(([, value]) => Number.isFinite(value)));
}
