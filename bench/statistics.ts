/** Several measurements of one thing: the middle one, and how far apart they lie. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The middle of the figures, the mean of the middle two when their number is even; NaN of none. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [lower, upper] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return lower === undefined || upper === undefined ? Number.NaN : (lower + upper) / 2;
}

/** Median, lowest and highest. */
export function spread(figures: readonly number[]): Spread {
  return { median: median(figures), low: Math.min(...figures), high: Math.max(...figures) };
}

/**
 * The median over rounds of `mine / other`. What slows the machine for a while slows both runs of a round, so this is
 * steadier than the ratio of two medians.
 */
export function ratio(mine: readonly number[], other: readonly number[]): number {
  const pairs = mine.slice(0, other.length).map((figure, round) => figure / (other[round] ?? Number.NaN));
  return median(pairs);
}
