import { RATE_LIMITS } from "./limits.ts";

/** How often something was refused, by what refused it: words of ours, not of strangers'. */
export class RefusalCounts {
  readonly #counts = new Map<string, number>();

  /** Counts one refusal; beyond 256 words all others count as `other`. */
  count(by: string): void {
    const known = this.#counts.has(by) || this.#counts.size < RATE_LIMITS.refusalWords.value ? by : "other";
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + 1);
  }

  /** All counts since the start. Plain JSON. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
