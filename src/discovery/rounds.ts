import type { Clock, Timer } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Random } from "../core/random.ts";

/** What rounds are made of. */
export interface RoundsComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Something that is done again and again, never twice at a time, with a pause of `0.75 … 1.25 × periodMs` in between, so
 * that peers that started together do not act together.
 */
export class Rounds {
  readonly #components: RoundsComponents;
  readonly #run: (signal: AbortSignal) => Promise<void>;
  readonly #periodMs: () => number;
  #stopping: AbortController | undefined;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();

  /** A round that fails is told, and the next one comes in its time; `periodMs` is asked after each. */
  constructor(components: RoundsComponents, run: (signal: AbortSignal) => Promise<void>, periodMs: () => number) {
    this.#components = components;
    this.#run = run;
    this.#periodMs = periodMs;
  }

  /** Begins with a round at once. Idempotent. */
  start(): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = new AbortController();
    this.#round(this.#stopping.signal);
  }

  /** Does the next round now, unless one is running. */
  hasten(): void {
    if (this.#timer === undefined || this.#stopping === undefined) return;
    this.#timer.cancel();
    this.#round(this.#stopping.signal);
  }

  /** Aborts the running round and waits for it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping?.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#running;
  }

  #round(signal: AbortSignal): void {
    this.#timer = undefined;
    const { clock, random, logger } = this.#components;
    const failed = (error: unknown): void => {
      if (!signal.aborted) logger.warn("a round of the directory failed", { reason: toBywayError(error).message });
    };
    this.#running = this.#run(signal)
      .catch(failed)
      .then(() => {
        if (signal.aborted) return;
        this.#timer = clock.after(this.#periodMs() * (0.75 + random.float() / 2), () => this.#round(signal));
      });
  }
}
