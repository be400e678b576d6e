import { CIRCUIT_LIMITS } from "./limits.ts";

/**
 * How long extending a circuit takes here, learned from what was measured, for each depth by itself: one more hop costs
 * round trips over all hops before it.
 *
 * `patienceMs` is twice the ninth decile of the latest samples. A time-out counts as a sample of twice its length, so that a
 * network that became slower is learned too and not cut off for ever (Tor's circuit build time-out solves the same
 * problem with a Pareto fit and a reset: path-spec §2.4).
 */
export class BuildTimes {
  /** The latest samples in ms, oldest first, by depth. */
  readonly #samples = new Map<number, number[]>();

  /** Notes that extending to hop `depth` (1 for the first) took `ms`. */
  note(depth: number, ms: number): void {
    const samples = this.#samples.get(depth) ?? [];
    samples.push(ms);
    if (samples.length > CIRCUIT_LIMITS.buildSamples.value) samples.shift();
    this.#samples.set(depth, samples);
  }

  /** Notes that extending to hop `depth` had not come about after `ms`. */
  noteTimeout(depth: number, ms: number): void {
    this.note(depth, 2 * ms);
  }

  /** How long to wait for hop `depth` before another node is tried in its place, in ms. */
  patienceMs(depth: number): number {
    const ninthDecile = this.#quantile(depth, 0.9);
    if (ninthDecile === undefined) return CIRCUIT_LIMITS.extendMs.value;
    return Math.min(Math.max(2 * ninthDecile, CIRCUIT_LIMITS.leastPatienceMs.value), CIRCUIT_LIMITS.extendMs.value);
  }

  /**
   * How long to wait for hop `depth` before a second circuit is begun beside this one, in ms: as nineteen in twenty took, so
   * that few are begun for nothing (Dean and Barroso, The Tail at Scale).
   */
  hedgeMs(depth: number): number {
    const most = this.#quantile(depth, 0.95);
    if (most === undefined) return CIRCUIT_LIMITS.firstHedgeMs.value;
    return Math.min(Math.max(most, CIRCUIT_LIMITS.leastHedgeMs.value), CIRCUIT_LIMITS.extendMs.value);
  }

  /** The sample that `share` of all are below; undefined while there are too few. */
  #quantile(depth: number, share: number): number | undefined {
    const samples = this.#samples.get(depth) ?? [];
    if (samples.length < CIRCUIT_LIMITS.buildSamplesNeeded.value) return undefined;
    return samples.toSorted((a, b) => a - b)[Math.floor(samples.length * share)];
  }
}
