import { type CellBound, CellRule } from "./cell-rule.ts";

/** A `CellRule` and what one has had of it. */
export class CellRate {
  readonly #rule: CellRule;
  #nextMs = CellRule.FRESH;

  constructor(bound: CellBound) {
    this.#rule = new CellRule(bound);
  }

  /** The milliseconds to wait until one more would be allowed; 0 when it is allowed now. Changes nothing. */
  waitMs(nowMs: number): number {
    return this.#rule.waitMs(this.#nextMs, nowMs);
  }

  /** Counts `count` more, also such as were not allowed: then the wait grows. */
  take(nowMs: number, count = 1): void {
    this.#nextMs = this.#rule.taken(this.#nextMs, nowMs, count);
  }

  /** Counts one and says true, or says false and changes nothing. */
  admit(nowMs: number): boolean {
    if (this.waitMs(nowMs) > 0) return false;
    this.take(nowMs);
    return true;
  }

  /** Whether nothing of the burst is used: forgetting this one changes nothing. */
  isFresh(nowMs: number): boolean {
    return this.#nextMs <= nowMs;
  }
}
