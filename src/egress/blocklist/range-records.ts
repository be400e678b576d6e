import type { Steps } from "./steps.ts";

const RECORDS_A_PAGE = 32_768;
const RECORDS_A_STEP = 2_048;

/** How many 32-bit numbers an address has: 1 for IPv4, 4 for IPv6. */
export type AddressWords = 1 | 4;

/** Compares two addresses, big-endian, as `sort` wants it. */
export function compareAddresses(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number, words: number): number {
  for (let i = 0; i < words; i += 1) {
    const difference = (a[aAt + i] ?? 0) - (b[bAt + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Ranges of addresses of one family as they are gathered, in pages, so that growing never copies what is there.
 * A record is the first and the last address of a range.
 */
export class RangeRecords {
  readonly words: AddressWords;
  #pages: Uint32Array[] = [];
  #count = 0;

  constructor(words: AddressWords) {
    this.words = words;
  }

  /** How many ranges were added. */
  get count(): number {
    return this.#count;
  }

  /** Adds a range; each end has `words` numbers. */
  add(first: Uint32Array, last: Uint32Array): void {
    const stride = 2 * this.words;
    const within = this.#count % RECORDS_A_PAGE;
    if (within === 0) this.#pages.push(new Uint32Array(RECORDS_A_PAGE * stride));
    const page = this.#pages.at(-1);
    page?.set(first, within * stride);
    page?.set(last, within * stride + this.words);
    this.#count += 1;
  }

  /** All records, sorted by their first address, and the longest first where that is equal. Takes them out. */
  *sorted(): Steps<Uint32Array> {
    const stride = 2 * this.words;
    const count = this.#count;
    let records = new Uint32Array(count * stride);
    for (const [number, page] of this.#pages.splice(0).entries()) {
      const at = number * RECORDS_A_PAGE * stride;
      records.set(page.subarray(0, records.length - at), at);
      yield;
    }
    this.#count = 0;
    if (yield* this.#isSorted(records, count)) return records;
    let spare = new Uint32Array(records.length);
    for (let run = 1; run < count; run *= 2) {
      yield* this.#mergeRuns(records, spare, run, count);
      [records, spare] = [spare, records];
    }
    return records;
  }

  *#isSorted(records: Uint32Array, count: number): Steps<boolean> {
    for (let i = 1; i < count; i += 1) {
      if (this.#compare(records, i - 1, i) > 0) return false;
      if (i % RECORDS_A_STEP === 0) yield;
    }
    return true;
  }

  /** Merges neighbouring runs of `run` records. */
  *#mergeRuns(from: Uint32Array, to: Uint32Array, run: number, count: number): Steps<void> {
    let left = 0;
    let right = 0;
    let leftEnd = 0;
    let rightEnd = 0;
    for (let written = 0; written < count; written += 1) {
      if (left === leftEnd && right === rightEnd) {
        left = written;
        leftEnd = Math.min(count, left + run);
        right = leftEnd;
        rightEnd = Math.min(count, right + run);
      }
      const isLeft = right === rightEnd || (left < leftEnd && this.#compare(from, left, right) <= 0);
      this.#copy(from, isLeft ? left++ : right++, to, written);
      if (written % RECORDS_A_STEP === 0) yield;
    }
  }

  #copy(from: Uint32Array, fromRecord: number, to: Uint32Array, toRecord: number): void {
    const stride = 2 * this.words;
    for (let i = 0; i < stride; i += 1) to[toRecord * stride + i] = from[fromRecord * stride + i] ?? 0;
  }

  #compare(records: Uint32Array, a: number, b: number): number {
    const { words } = this;
    const [aAt, bAt] = [a * 2 * words, b * 2 * words];
    const byFirst = compareAddresses(records, aAt, records, bAt, words);
    return byFirst === 0 ? compareAddresses(records, bAt + words, records, aAt + words, words) : byFirst;
  }
}
