import type { LinkSession } from "../link/link-session.ts";
import { type RateRule, RateState } from "../rate/rate-rule.ts";
import { FairCounts } from "./fair-counts.ts";

/** What one host has of an exit: how fast streams to it began, and whose they are. */
export class HostState extends RateState {
  /** Undefined while it has no streams: many such hosts are remembered. */
  #counts: FairCounts | undefined;

  /** As `FairCounts.fullFor`. */
  fullFor(link: LinkSession, most: number): "all" | "others" | undefined {
    return this.#counts?.fullFor(link, most);
  }

  /** Counts a stream of `link` and returns what counts it as over. */
  open(link: LinkSession, rule: RateRule, nowMs: number): () => void {
    this.nextMs = rule.taken(this.nextMs, nowMs);
    this.#counts ??= new FairCounts();
    const release = this.#counts.take(link);
    return () => {
      release();
      if (this.#counts?.taken === 0) this.#counts = undefined;
    };
  }
}
