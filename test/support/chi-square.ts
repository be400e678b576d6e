/** The 99.9th percentile of the standard normal distribution. */
const Z = 3.0902;

/**
 * Whether counts may come from these chances: Pearson's chi-square is below what only one in a thousand honest draws
 * exceeds (Wilson and Hilferty's approximation). The chances add up to 1; those of 0 must have counts of 0.
 */
export function mayComeFrom(counts: readonly number[], chances: readonly number[]): boolean {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let square = 0;
  let classes = 0;
  for (const [at, chance] of chances.entries()) {
    const count = counts[at] ?? 0;
    if (chance === 0) {
      if (count > 0) return false;
      continue;
    }
    const expected = chance * total;
    square += (count - expected) ** 2 / expected;
    classes += 1;
  }
  const degrees = classes - 1;
  if (degrees === 0) return true;
  const spread = 2 / (9 * degrees);
  return square < degrees * (1 - spread + Z * Math.sqrt(spread)) ** 3;
}
