import type { Clock, Timer } from "../core/clock.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { LINK_LIMITS } from "./limits.ts";

/**
 * Spaces out the tiny frames that this end sends on one link.
 *
 * An app or target that writes a byte at a time would make a frame of each, which costs both ends as much as 16 KiB, and
 * which the far end takes for an attack beyond a rate. A keystroke goes out at once. Beyond `tinyWritesPerSecond` a tiny
 * write waits for its turn, and what its stream writes meanwhile goes with the next one.
 */
export class TinyWrites {
  readonly #clock: Clock;
  readonly #rate = new TokenBucket({
    perSecond: LINK_LIMITS.tinyWritesPerSecond.value,
    burst: LINK_LIMITS.tinyWriteBurst.value,
  });
  /** At most one a stream, as streams write one thing at a time. */
  #waiting: (() => void)[] = [];
  #timer: Timer | undefined;

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  /** Calls `write` now or in its turn. */
  admit(write: () => void): void {
    if (this.#timer === undefined && this.#rate.tryTake(this.#clock.monotonicMs())) write();
    else {
      this.#waiting.push(write);
      this.#timer ??= this.#clock.after(LINK_LIMITS.tinyWriteWaitMs.value, () => this.#turn());
    }
  }

  #turn(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    let count = 0;
    while (count < this.#waiting.length && this.#rate.tryTake(nowMs)) count += 1;
    const ready = this.#waiting.splice(0, count);
    if (this.#waiting.length > 0)
      this.#timer = this.#clock.after(LINK_LIMITS.tinyWriteWaitMs.value, () => this.#turn());
    for (const write of ready) write();
  }
}
