import { type Clock, systemClock, type Timer } from "../../src/core/clock.ts";

/** The system's clock, counting the timers that have neither fired nor been cancelled. */
export class CountingClock implements Clock {
  readonly #pending = new Set<Timer>();

  get pending(): number {
    return this.#pending.size;
  }

  nowMs(): number {
    return systemClock.nowMs();
  }

  monotonicMs(): number {
    return systemClock.monotonicMs();
  }

  after(delayMs: number, run: () => void): Timer {
    const counted = this.#count(
      systemClock.after(delayMs, () => {
        this.#pending.delete(counted);
        run();
      }),
    );
    return counted;
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#count(systemClock.every(periodMs, run));
  }

  #count(timer: Timer): Timer {
    const cancel = (): void => {
      this.#pending.delete(counted);
      timer.cancel();
    };
    const counted: Timer = { cancel, [Symbol.dispose]: cancel };
    this.#pending.add(counted);
    return counted;
  }
}
