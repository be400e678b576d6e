import { type AddressWords, compareAddresses, type RangeRecords } from "./range-records.ts";
import type { Steps } from "./steps.ts";

const RECORDS_A_STEP = 2_048;

/**
 * Ranges of addresses of one family: sorted, none overlapping another, found by halving. Exact; never changes.
 * A range within another is left out; two that overlap in part become one; neighbours stay two, as the list has them.
 */
export class RangeSet {
  readonly words: AddressWords;
  readonly #records: Uint32Array;

  private constructor(words: AddressWords, records: Uint32Array) {
    this.words = words;
    this.#records = records;
  }

  /** The set of all ranges in `gathered`, which are taken out of it. */
  static *of(gathered: RangeRecords): Steps<RangeSet> {
    const { words } = gathered;
    const records = yield* gathered.sorted();
    const stride = 2 * words;
    let kept = 0;
    for (let at = 0; at < records.length; at += stride) {
      const previous = kept - stride;
      if (kept > 0 && compareAddresses(records, at, records, previous + words, words) <= 0) {
        if (compareAddresses(records, at + words, records, previous + words, words) > 0)
          records.copyWithin(previous + words, at + words, at + stride);
      } else {
        records.copyWithin(kept, at, at + stride);
        kept += stride;
      }
      if (at % (RECORDS_A_STEP * stride) === 0) yield;
    }
    return new RangeSet(words, kept === records.length ? records : records.slice(0, kept));
  }

  /** How many ranges it has. */
  get size(): number {
    return this.#records.length / (2 * this.words);
  }

  /** What it takes in memory. */
  get bytes(): number {
    return this.#records.byteLength;
  }

  /** The range that `address` is in: its first address and its last, one behind the other. */
  find(address: Uint32Array): Uint32Array | undefined {
    const { words } = this;
    const stride = 2 * words;
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAddresses(this.#records, middle * stride, address, 0, words) <= 0) low = middle + 1;
      else high = middle;
    }
    const at = (low - 1) * stride;
    if (at < 0 || compareAddresses(address, 0, this.#records, at + words, words) > 0) return undefined;
    return this.#records.subarray(at, at + stride);
  }
}
