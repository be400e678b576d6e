import type { Clock } from "../core/clock.ts";

/** How failures under one key are answered. */
export interface BackoffOptions {
  /** How many keys are remembered; beyond it the one that failed longest ago is forgotten. */
  readonly most: number;
  /** Failures, with tries under way, before the first pause. */
  readonly free: number;
  /** The first pause; each further failure doubles it. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
}

interface Failures {
  readonly times: number;
  readonly untilMs: number;
}

/**
 * Pauses for many keys, each with its own count of failures: some are free, then each one doubles a pause.
 * A count is forgotten when its key has been allowed for as long as the longest pause.
 */
export class KeyedBackoff {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #options: BackoffOptions;
  readonly #failed = new Map<string, Failures>();
  readonly #running = new Map<string, number>();

  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, options: BackoffOptions) {
    this.#clock = components.clock;
    this.#options = options;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#failed.size;
  }

  /** Whether another try may begin. After the free failures it is one at a time. */
  allows(key: string): boolean {
    const running = this.#running.get(key) ?? 0;
    const failures = this.#held(key);
    if (running + (failures?.times ?? 0) < this.#options.free) return true;
    return running === 0 && (failures === undefined || failures.untilMs <= this.#clock.monotonicMs());
  }

  /** Counts a try that begins; call the result once when it has ended. */
  begin(key: string): () => void {
    this.#running.set(key, (this.#running.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#running.get(key) ?? 1) - 1;
      if (left > 0) this.#running.set(key, left);
      else this.#running.delete(key);
    };
  }

  /** Counts a failure. The pause that follows is no longer than `mostMs`. */
  fail(key: string, mostMs: number = this.#options.maxPauseMs): void {
    const { free, pauseMs, maxPauseMs, most } = this.#options;
    const times = (this.#held(key)?.times ?? 0) + 1;
    const waitMs = times < free ? 0 : Math.min(mostMs, maxPauseMs, pauseMs * 2 ** (times - free));
    this.#failed.delete(key);
    this.#failed.set(key, { times, untilMs: this.#clock.monotonicMs() + waitMs });
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > most && oldest !== undefined) this.#failed.delete(oldest);
  }

  #held(key: string): Failures | undefined {
    const failures = this.#failed.get(key);
    if (failures === undefined || this.#clock.monotonicMs() - failures.untilMs < this.#options.maxPauseMs)
      return failures;
    this.#failed.delete(key);
    return undefined;
  }
}
