import type { Clock } from "../../core/clock.ts";
import { SELF_LIMITS } from "./limits.ts";

/** What a node carries. */
export interface NodeUsage {
  /** Bytes on all its links since it started, both ways. What goes out to targets and hops is the same bytes again. */
  readonly bytes: number;
  /** The share of its places for links and streams that is taken, 0 to 1: of the two the one with less room. */
  readonly takenShare: number;
}

/**
 * A node's load: the share of its capacity in use, of bandwidth or places whichever is tighter, smoothed over a minute.
 * It samples when it is asked, and needs no timer of its own.
 */
export class LoadSampler {
  readonly #clock: Clock;
  readonly #usage: () => NodeUsage;
  readonly #bytesPerSecond: () => number | undefined;
  #sampledMs: number;
  #bytes: number;
  #bandwidthShare = 0;
  #takenShare = 0;

  /** `bytesPerSecond` is what the line carries in its slower direction; undefined while nobody knows. */
  constructor(components: {
    readonly clock: Clock;
    readonly usage: () => NodeUsage;
    readonly bytesPerSecond: () => number | undefined;
  }) {
    this.#clock = components.clock;
    this.#usage = components.usage;
    this.#bytesPerSecond = components.bytesPerSecond;
    this.#sampledMs = components.clock.monotonicMs();
    this.#bytes = components.usage().bytes;
  }

  /** 0 to 1 in twentieths: finer figures would help those who match traffic by its timing. */
  get load(): number {
    this.#sample();
    return Math.round(Math.max(this.#bandwidthShare, this.#takenShare) * 20) / 20;
  }

  #sample(): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#sampledMs;
    if (elapsedMs <= 0) return;
    const { bytes, takenShare } = this.#usage();
    const capacity = this.#bytesPerSecond();
    const rate = Math.max(0, bytes - this.#bytes) / (elapsedMs / 1000);
    const weight = 1 - Math.exp(-elapsedMs / SELF_LIMITS.loadSmoothingMs.value);
    const smooth = (before: number, share: number): number => before + weight * (Math.min(1, share) - before);
    this.#bandwidthShare = smooth(this.#bandwidthShare, capacity === undefined ? 0 : rate / capacity);
    this.#takenShare = smooth(this.#takenShare, takenShare);
    this.#sampledMs = nowMs;
    this.#bytes = bytes;
  }
}
