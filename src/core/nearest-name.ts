const MAX_LENGTH = 100;

/**
 * The one of `names` that takes the fewest single-letter edits to become `text`, ignoring case, and how many; the first
 * of equals, and "" when there are no names. Only the first 100 characters of `text` count, since strangers send it.
 */
export function nearestName(text: string, names: Iterable<string>): { readonly name: string; readonly edits: number } {
  const wanted = text.slice(0, MAX_LENGTH).toLowerCase();
  let best = { name: "", edits: Number.POSITIVE_INFINITY };
  for (const name of names) {
    const edits = editDistance(wanted, name.toLowerCase());
    if (edits < best.edits) best = { name, edits };
  }
  return best;
}

/** How many letters to insert, drop, replace or swap with the next (optimal string alignment distance). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const replaced = (last[column - 1] ?? 0) + (same ? 0 : 1);
      let edits = Math.min(replaced, (last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        edits = Math.min(edits, (beforeLast[column - 2] ?? 0) + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
