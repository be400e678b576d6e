import type { LinkSession } from "../link/link-session.ts";
import type { RateRule } from "../rate/rate-rule.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { FairSemaphore } from "./fair-semaphore.ts";

/** What one host has of an exit: how fast streams to it began, and whose they are. */
export class HostState extends TokenBucket {
  readonly #most: number;
  /** Undefined while it has no streams: many such hosts are remembered. */
  #streams: FairSemaphore | undefined;

  /** `rule` is how fast streams may begin, `most` how many there may be. */
  constructor(rule: RateRule, most: number) {
    super(rule);
    this.#most = most;
  }

  /** As `FairSemaphore.fullFor`. */
  fullFor(link: LinkSession): "all" | "others" | undefined {
    return this.#streams?.fullFor(link);
  }

  /** Counts a stream of `link` and returns what counts it as over. */
  open(link: LinkSession, nowMs: number): () => void {
    this.take(nowMs);
    this.#streams ??= new FairSemaphore(this.#most);
    const release = this.#streams.take(link);
    return () => {
      release();
      if (this.#streams?.taken === 0) this.#streams = undefined;
    };
  }
}
