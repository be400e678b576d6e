import type { Clock } from "../../core/clock.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";

/** Long work in short steps: a generator that yields, after well under a millisecond each time, where it may be left for a while. */
export type Steps<T> = Generator<void, T>;

/** Does all steps at once; for work that is known to be short. */
export function finishSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Takes steps and lets the event loop turn between them, every `sliceMs`, over several pieces of work that follow each other. */
export class StepTaker {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #sinceMs: number;

  constructor(components: { readonly clock: Clock }, signal: AbortSignal) {
    this.#clock = components.clock;
    this.#signal = signal;
    this.#sinceMs = this.#clock.monotonicMs();
  }

  /** Does all steps. Throws the abort reason; the work is dropped then. */
  async take<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (this.#clock.monotonicMs() - this.#sinceMs >= BLOCKLIST_LIMITS.sliceMs.value) {
        await new Promise(setImmediate);
        this.#signal.throwIfAborted();
        this.#sinceMs = this.#clock.monotonicMs();
      }
      if (step.done === true) return step.value;
    }
  }
}
