import type { AddressRange } from "./address-range.ts";
import { AddressSet, GatheredRanges } from "./address-set.ts";
import { DomainSet } from "./domain-set.ts";
import { listFault } from "./list-fault.ts";
import type { HashSeed } from "./name-hash.ts";
import { NamePages } from "./name-pages.ts";
import type { EntrySink } from "./read-list-line.ts";
import type { Steps } from "./steps.ts";

/** What a list names. Never changes. */
export interface ListContent {
  readonly names: DomainSet;
  readonly addresses: AddressSet;
  /** Names and ranges, each counted once. */
  readonly entries: number;
  /** Lines that are neither empty, nor comments, nor entries. */
  readonly unread: number;
}

/** The room that other lists leave. */
export interface ListRoom {
  readonly entries: number;
  readonly nameBytes: number;
}

/** Gathers the entries of one list. */
export class ListGatherer implements EntrySink {
  readonly #room: ListRoom;
  readonly #pages = new NamePages();
  readonly #ranges = new GatheredRanges();
  #names = 0;

  constructor(room: ListRoom) {
    this.#room = room;
  }

  /** How many entries were added, those that come twice too. */
  get count(): number {
    return this.#names + this.#ranges.count;
  }

  /** Throws ERR_BLOCKLIST where there is no room for it. */
  name(name: string, below: boolean): void {
    this.#claim();
    this.#pages.add(name, below);
    this.#names += 1;
    if (this.#pages.bytes > this.#room.nameBytes) throw listFault("has more names than there is memory for");
  }

  /** Throws ERR_BLOCKLIST where there is no room for it. */
  range(range: AddressRange): void {
    this.#claim();
    this.#ranges.add(range);
  }

  /** The content; the gatherer is of no use afterwards. */
  *content(seed: HashSeed, unread: number): Steps<ListContent> {
    const names = yield* DomainSet.of(this.#pages, this.#names, seed);
    const addresses = yield* AddressSet.of(this.#ranges);
    return { names, addresses, entries: names.size + addresses.size, unread };
  }

  #claim(): void {
    if (this.count >= this.#room.entries)
      throw listFault(`has more than the ${this.#room.entries} entries that there is room for`);
  }
}
