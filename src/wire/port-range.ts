import { WIRE_LIMITS } from "./limits.ts";

/** Ports from `first` to `last`, both among them, 1-65535. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * All ports but `closedPorts`, as ranges that rise and do not touch.
 * Above 64 ranges the highest are left out: a node may claim less than it accepts, never more.
 */
export function portRangesExcept(closedPorts: readonly number[]): readonly PortRange[] {
  const ranges: PortRange[] = [];
  let first = 1;
  for (const closed of [...closedPorts.filter((port) => port >= 1 && port <= 65_535).sort((a, b) => a - b), 65_536]) {
    if (closed > first) ranges.push({ first, last: closed - 1 });
    first = Math.max(first, closed + 1);
  }
  return ranges.slice(0, WIRE_LIMITS.maxPortRanges.value);
}

/** Whether one of `ranges` holds `port`. */
export function isInPortRanges(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ first, last }) => first <= port && port <= last);
}
