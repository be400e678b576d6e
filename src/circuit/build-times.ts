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
    const samples = this.#samples.get(depth) ?? [];
    if (samples.length < CIRCUIT_LIMITS.buildSamplesNeeded.value) return CIRCUIT_LIMITS.extendMs.value;
    const sorted = samples.toSorted((a, b) => a - b);
    const ninthDecile = sorted[Math.floor(sorted.length * 0.9)] ?? 0;
    return Math.min(Math.max(2 * ninthDecile, CIRCUIT_LIMITS.leastPatienceMs.value), CIRCUIT_LIMITS.extendMs.value);
  }
}
