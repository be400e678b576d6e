import type { Random } from "../../src/core/random.ts";
import { indexKey } from "../../src/discovery/index-key.ts";
import { findInIndex, type IndexFinds, type IndexStanding, provideInIndex } from "../../src/discovery/index-trie.ts";
import type { PeerId } from "../../src/identity/peer-id.ts";
import { MemoryIndex, type MemoryIndexOptions, networkOfProvider } from "./memory-index.ts";

/** A node of a modelled country. */
export interface Member {
  readonly id: PeerId;
  /** IPv4. */
  readonly address: string;
  standing: IndexStanding | undefined;
}

const COUNTRY = "de";

/** One country's nodes in an index of one process, moved by the code that nodes run. */
export class Country {
  readonly index: MemoryIndex;
  readonly members: Member[] = [];
  readonly #random: Random;
  #next = 0;

  constructor(random: Random, options: MemoryIndexOptions = {}) {
    this.#random = random;
    this.index = new MemoryIndex(options);
  }

  /** Adds nodes that stand nowhere yet. */
  add(count: number, addressOf: (at: number) => string = (at) => `${at >> 8}.${at & 255}.0.1`): readonly Member[] {
    const added = Array.from({ length: count }, () => {
      const at = this.#next++;
      return { id: `peer-${at}` as PeerId, address: addressOf(at), standing: undefined };
    });
    this.members.push(...added);
    return added;
  }

  /** Gives a member its place in the index, or reviews the one that it has. */
  async place(member: Member, startDepth?: number): Promise<IndexStanding> {
    const overlay = this.index.overlayOf(member.id, [`/ip4/${member.address}/tcp/1`]);
    const options = { country: COUNTRY, random: this.#random, networkOf: networkOfProvider };
    const { standing, id: peerId } = member;
    member.standing = await provideInIndex(overlay, { ...options, peerId, standing, startDepth });
    return member.standing;
  }

  /** `members` are gone without a word. */
  leave(members: readonly Member[]): void {
    for (const { id, standing } of members) this.index.leave(indexKey(COUNTRY, standing?.prefix ?? ""), id);
    const gone = new Set(members);
    this.members.splice(0, this.members.length, ...this.members.filter((member) => !gone.has(member)));
  }

  /** Searches the index as someone who stands nowhere. */
  find(want: number, startDepth?: number): Promise<IndexFinds> {
    const overlay = this.index.overlayOf("searcher" as PeerId);
    const options = { country: COUNTRY, random: this.#random, networkOf: networkOfProvider };
    return findInIndex(overlay, { ...options, want, startDepth });
  }

  /** The share of members that the index names where they stand. */
  namedShare(): number {
    const named = new Map<string, ReadonlySet<PeerId>>();
    const isNamed = ({ id, standing }: Member): boolean => {
      const prefix = standing?.prefix ?? "";
      const ids = named.get(prefix) ?? new Set(this.index.named(indexKey(COUNTRY, prefix)).map((one) => one.peerId));
      named.set(prefix, ids);
      return ids.has(id);
    };
    return this.members.filter(isNamed).length / this.members.length;
  }

  /** How many members stand in each shard. */
  sizes(): ReadonlyMap<string, number> {
    const byPrefix = Map.groupBy(this.members, ({ standing }) => standing?.prefix ?? "nowhere");
    return new Map([...byPrefix].map(([prefix, { length }]) => [prefix, length]));
  }
}
