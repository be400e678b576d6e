import type { Clock } from "../core/clock.ts";

const PART_MS = 300_000;
const PARTS = 12;

/** How often something happened within the last hour, exact to five minutes. */
export class RecentCount {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** By which five minutes it was. */
  readonly #parts = new Map<number, number>();

  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }) {
    this.#clock = components.clock;
  }

  count(): void {
    const part = this.#now();
    this.#parts.set(part, (this.#parts.get(part) ?? 0) + 1);
    this.#forget(part);
  }

  get lastHour(): number {
    this.#forget(this.#now());
    return this.#parts.values().reduce((sum, count) => sum + count, 0);
  }

  #now(): number {
    return Math.floor(this.#clock.monotonicMs() / PART_MS);
  }

  #forget(now: number): void {
    for (const part of this.#parts.keys()) if (part <= now - PARTS) this.#parts.delete(part);
  }
}
