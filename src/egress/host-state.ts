import type { RateRule } from "../rate/rate-rule.ts";
import { RateState } from "../rate/rate-rule.ts";
import { type Asker, FairCounts } from "./fair-counts.ts";

/** What one host has of an exit: how fast streams to it began, and whose they are. */
export class HostState extends RateState {
  /** Undefined while it has no streams: many such hosts are remembered. */
  #counts: FairCounts | undefined;

  /** As `FairCounts.fullFor`. */
  fullFor(asker: Asker, most: number): "all" | "others" | undefined {
    return this.#counts?.fullFor(asker, most);
  }

  /** Counts a stream of `asker` and returns what counts it as over. */
  open(asker: Asker, rule: RateRule, nowMs: number): () => void {
    this.nextMs = rule.taken(this.nextMs, nowMs);
    this.#counts ??= new FairCounts();
    const release = this.#counts.take(asker);
    return () => {
      release();
      if (this.#counts?.taken === 0) this.#counts = undefined;
    };
  }
}
