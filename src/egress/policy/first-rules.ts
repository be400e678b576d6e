import type { PortRange } from "../../wire/port-range.ts";

/** In place of a rule's number where there is none; greater than all numbers. */
export const NO_RULE = 0xffff;

/** For each port, which of some rules comes first. */
export class FirstRules {
  readonly #byPort: Uint16Array | undefined;

  /** `rules` in the order in which they count, each with its number, 0 to 65534. */
  constructor(rules: readonly { readonly index: number; readonly ports: readonly PortRange[] }[]) {
    if (rules.length === 0) return;
    const byPort = new Uint16Array(65_536).fill(NO_RULE);
    for (const { index, ports } of rules.toReversed()) {
      for (const { first, last } of ports) byPort.fill(index, first, last + 1);
    }
    this.#byPort = byPort;
  }

  /** The number of the first rule about `port`, or NO_RULE. */
  at(port: number): number {
    return this.#byPort?.[port] ?? NO_RULE;
  }
}
