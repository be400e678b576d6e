/** Ports from `first` to `last`, both among them, 1-65535. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Whether one of `ranges` holds `port`. */
export function isInPortRanges(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ first, last }) => first <= port && port <= last);
}
