import { type AddressRange, addressWords, rangeText } from "./address-range.ts";
import { RangeRecords } from "./range-records.ts";
import { RangeSet } from "./range-set.ts";
import type { Steps } from "./steps.ts";

/** Ranges of both families as they are gathered. */
export class GatheredRanges {
  readonly v4: RangeRecords = new RangeRecords(1);
  readonly v6: RangeRecords = new RangeRecords(4);

  /** How many ranges were added. */
  get count(): number {
    return this.v4.count + this.v6.count;
  }

  /** Adds a range. */
  add({ first, last }: AddressRange): void {
    (first.length === 1 ? this.v4 : this.v6).add(first, last);
  }
}

/** A set of addresses of both families. Exact; never changes. 8 bytes a range of IPv4, 32 bytes one of IPv6. */
export class AddressSet {
  readonly #v4: RangeSet;
  readonly #v6: RangeSet;

  private constructor(v4: RangeSet, v6: RangeSet) {
    this.#v4 = v4;
    this.#v6 = v6;
  }

  /** The set of all ranges in `gathered`, which are taken out of it. */
  static *of(gathered: GatheredRanges): Steps<AddressSet> {
    return new AddressSet(yield* RangeSet.of(gathered.v4), yield* RangeSet.of(gathered.v6));
  }

  /** How many ranges are left after those within others went. */
  get size(): number {
    return this.#v4.size + this.#v6.size;
  }

  /** What it takes in memory. */
  get bytes(): number {
    return this.#v4.bytes + this.#v6.bytes;
  }

  /** The range that `address` is in, such as `192.0.2.0/24`; undefined for what is no address as well. */
  find(address: string): string | undefined {
    if (this.size === 0) return undefined;
    const words = addressWords(address);
    if (words === undefined) return undefined;
    const range = (words.length === 1 ? this.#v4 : this.#v6).find(words);
    return range && rangeText({ first: range.subarray(0, words.length), last: range.subarray(words.length) });
  }
}
