import type { Clock } from "../core/clock.ts";
import { LruMap } from "./lru-map.ts";

/** How failures under one key are answered. */
export interface BackoffOptions {
  /** How many keys are remembered; beyond it the one that failed longest ago is forgotten. */
  readonly most: number;
  /** Failures, with tries under way, before the first pause. */
  readonly free: number;
  /** The first pause; each further failure doubles it. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
  /** Of those who named what failed under one key, so many are remembered. */
  readonly mostNames: number;
}

interface Failures {
  readonly times: number;
  readonly untilMs: number;
  /** Who had named what failed. */
  readonly by: ReadonlySet<string>;
}

/** No names. */
const NOBODY: readonly string[] = [];

/**
 * Pauses for many keys, each with its own count of failures: some are free, then each one doubles a pause.
 * A count is forgotten when its key has been allowed for as long as the longest pause.
 */
export class KeyedBackoff {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #options: BackoffOptions;
  readonly #failed: LruMap<string, Failures>;
  /** Who named what is tried now, for each try. */
  readonly #running = new Map<string, Set<readonly string[]>>();

  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, options: BackoffOptions) {
    this.#clock = components.clock;
    this.#options = options;
    this.#failed = new LruMap(options);
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#failed.size;
  }

  /** Whether another try may begin. After the free failures it is one at a time. */
  allows(key: string): boolean {
    const running = this.#running.get(key)?.size ?? 0;
    const failures = this.#held(key);
    if (running + (failures?.times ?? 0) < this.#options.free) return true;
    return running === 0 && (failures === undefined || failures.untilMs <= this.#clock.monotonicMs());
  }

  /** How many of `names` named nothing under this key that failed, or that is being tried. */
  blameless(key: string, names: readonly string[]): number {
    const blamed = new Set(this.#held(key)?.by);
    for (const running of this.#running.get(key) ?? []) for (const name of running) blamed.add(name);
    return names.filter((name) => !blamed.has(name)).length;
  }

  /** Counts a try that begins, of what `by` named; call the result once when it has ended. */
  begin(key: string, by: readonly string[] = NOBODY): () => void {
    const running = this.#running.get(key) ?? new Set();
    // A copy, as two tries may have been named by the same.
    const own = [...by];
    this.#running.set(key, running.add(own));
    return () => {
      running.delete(own);
      if (running.size === 0) this.#running.delete(key);
    };
  }

  /** Counts a failure of what `by` named. The pause that follows is no longer than `mostMs`. */
  fail(key: string, mostMs: number = this.#options.maxPauseMs, by: readonly string[] = NOBODY): void {
    const { free, pauseMs, maxPauseMs, mostNames } = this.#options;
    const before = this.#held(key);
    const times = (before?.times ?? 0) + 1;
    const waitMs = times < free ? 0 : Math.min(mostMs, maxPauseMs, pauseMs * 2 ** (times - free));
    this.#failed.set(key, {
      times,
      untilMs: this.#clock.monotonicMs() + waitMs,
      by: new Set([...(before?.by ?? NOBODY), ...by].slice(-mostNames)),
    });
  }

  #held(key: string): Failures | undefined {
    const failures = this.#failed.get(key);
    if (failures === undefined || this.#clock.monotonicMs() - failures.untilMs < this.#options.maxPauseMs)
      return failures;
    this.#failed.delete(key);
    return undefined;
  }
}
