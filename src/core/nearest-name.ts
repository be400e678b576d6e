const MAX_LENGTH = 100;

/**
 * The one of `names` that takes the fewest single-letter edits to become `text`, ignoring case, and how many; the first
 * of equals. `name` is "" and `edits` infinite where none takes `most` edits or fewer. Only the first 100 characters of
 * `text` count, since strangers send it.
 *
 * Programs repeat their mistakes a hundred times a second, so a name is given up as soon as it cannot be the nearest.
 */
export function nearestName(
  text: string,
  names: Iterable<string>,
  most: number = Number.POSITIVE_INFINITY,
): { readonly name: string; readonly edits: number } {
  const wanted = text.slice(0, MAX_LENGTH).toLowerCase();
  let best = { name: "", edits: Number.POSITIVE_INFINITY };
  for (const name of names) {
    const bound = Math.min(best.edits, most + 1);
    const edits = editDistance(wanted, name.toLowerCase(), bound);
    if (edits < bound) best = { name, edits };
  }
  return best;
}

/**
 * How many letters to insert, drop, replace or swap with the next (optimal string alignment distance); where that is
 * `bound` or more, any number from `bound` on.
 */
function editDistance(a: string, b: string, bound: number): number {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  let leastOfLast = 0;
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const replaced = (last[column - 1] ?? 0) + (same ? 0 : 1);
      let edits = Math.min(replaced, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        edits = Math.min(edits, (beforeLast[column - 2] ?? 0) + 1);
      current.push(edits);
      if (edits < least) least = edits;
    }
    // All further rows grow from this one, or by a swap from the one before it.
    if (least >= bound && leastOfLast + 1 >= bound) return bound;
    beforeLast = last;
    last = current;
    leastOfLast = least;
  }
  return last[b.length] ?? 0;
}
