import type { Clock } from "../core/clock.ts";
import type { LineBytes } from "../flow/socket-totals.ts";

const SMOOTHING_MS = 10_000;

/** What crosses the line between two looks at it, and how fast that is. */
export class LineSampler {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #line: () => LineBytes;
  #last: LineBytes;
  #lastMs: number;
  #rate = 0;

  /** `line` gives all bytes since the start. */
  constructor(components: { readonly clock: Pick<Clock, "monotonicMs">; readonly line: () => LineBytes }) {
    this.#clock = components.clock;
    this.#line = components.line;
    this.#last = components.line();
    this.#lastMs = components.clock.monotonicMs();
  }

  /** Both ways together, smoothed over ten seconds. */
  get bytesPerSecond(): number {
    return this.#rate;
  }

  /** What came since the last sample. Where the line's count fell, since a part of the node began anew, it is 0. */
  sample(): LineBytes {
    const { received, sent } = this.#line();
    const grown = {
      received: Math.max(0, received - this.#last.received),
      sent: Math.max(0, sent - this.#last.sent),
    };
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#lastMs;
    if (elapsedMs > 0) {
      const rate = ((grown.received + grown.sent) * 1000) / elapsedMs;
      this.#rate += (1 - Math.exp(-elapsedMs / SMOOTHING_MS)) * (rate - this.#rate);
    }
    this.#last = { received, sent };
    this.#lastMs = nowMs;
    return grown;
  }
}
