import type { Clock, Timer } from "./clock.ts";

interface Entry {
  dueMs: number;
  periodMs: number | undefined;
  run: () => void;
}

/** A clock that stands still until `advance` turns it; for tests. */
export class FakeClock implements Clock {
  #nowMs: number;
  #stepMs = 0;
  readonly #entries = new Set<Entry>();

  constructor(startMs = 1_800_000_000_000) {
    this.#nowMs = startMs;
  }

  /** How many timers are pending. */
  get pending(): number {
    return this.#entries.size;
  }

  nowMs(): number {
    return this.#nowMs + this.#stepMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#add({ dueMs: this.#nowMs + delayMs, periodMs: undefined, run });
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#add({ dueMs: this.#nowMs + periodMs, periodMs, run });
  }

  /** Sets the wall's clock forward by `ms`, or back; no time passes, and no timer runs. */
  step(ms: number): void {
    this.#stepMs += ms;
  }

  /** Moves time on by `ms` and runs what falls due, in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#entries].filter((e) => e.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#nowMs = next.dueMs;
      if (next.periodMs === undefined) this.#entries.delete(next);
      else next.dueMs += next.periodMs;
      next.run();
    }
    this.#nowMs = untilMs;
  }

  #add(entry: Entry): Timer {
    this.#entries.add(entry);
    const cancel = (): void => {
      this.#entries.delete(entry);
    };
    return { cancel, [Symbol.dispose]: cancel };
  }
}
