import type { Random } from "../core/random.ts";
import type { PostingLists } from "./posting-lists.ts";

/**
 * Visits the rows of some lists, each place once, beginning anywhere and in strides that chance decides, until `visit` says
 * to stop: the first ones are a sample of all. A row that is in two of the lists is visited twice.
 */
export function walk(
  lists: PostingLists,
  numbers: readonly number[],
  random: Random,
  visit: (row: number) => "on" | "stop",
): void {
  const ends: number[] = [];
  let total = 0;
  for (const list of numbers) {
    total += lists.length(list);
    ends.push(total);
  }
  if (total === 0) return;
  let at = Math.floor(random.float() * total);
  const stride = coprime(total, random);
  for (let left = total; left > 0; left -= 1) {
    let index = 0;
    while (at >= (ends[index] ?? total)) index += 1;
    const row = lists.rowAt(numbers[index] ?? -1, at - (ends[index - 1] ?? 0));
    if (visit(row) === "stop") return;
    at += stride;
    if (at >= total) at -= total;
  }
}

/** A stride below `total` that comes by every place. */
function coprime(total: number, random: Random): number {
  let stride = 1 + Math.floor(random.float() * (total - 1));
  while (greatestDivisor(stride, total) !== 1) stride = (stride % total) + 1;
  return stride;
}

function greatestDivisor(a: number, b: number): number {
  let [larger, smaller] = [b, a];
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
