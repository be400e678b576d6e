import { CellRule } from "./cell-rule.ts";
import type { KeyedState } from "./keyed-states.ts";

/** What one key has had under a `CellRule`, kept by `KeyedStates`. */
export class CellState implements KeyedState {
  readonly #rule: CellRule;
  nextMs: number = CellRule.FRESH;

  constructor(rule: CellRule) {
    this.#rule = rule;
  }

  used(nowMs: number): number {
    return this.#rule.used(this.nextMs, nowMs);
  }
}
