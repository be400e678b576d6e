import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { PEERS_LIMITS } from "./limits.ts";

/** The crowds that an item belongs to. Leave out an AS that only the node itself claims: it could claim a new one each time. */
export interface Crowd {
  /** The /16 of an IPv4, the /32 of an IPv6 address, as text. */
  readonly network?: string | undefined;
  readonly asn?: number | undefined;
}

/** What `spread` picks by. */
export interface SpreadOptions<Item> {
  /** How many to pick at the most. */
  readonly limit: number;
  readonly random: Random;
  readonly groupsOf: (item: Item) => Crowd;
  /**
   * Whether an item is known to be where it claims to be; default: all are. The others may claim any network: together they
   * get what one crowd gets while such items are left, and come last.
   */
  readonly isProven?: (item: Item) => boolean;
  /** Whether an item is near the asker. Near ones come first, and are half of the answer at the most while others are left. */
  readonly isNear?: (item: Item) => boolean;
  /** Hard cap for one network, even where that leaves the answer short. */
  readonly mostPerNetwork?: number;
  /** Hard cap for one AS, even where that leaves the answer short. */
  readonly mostPerAsn?: number;
}

/**
 * Picks items so that one crowd cannot fill an answer: fair over ASes, within an AS over networks, then by chance.
 *
 * An item without an AS counts by its network; those with neither are one crowd. While others are left, an AS and a
 * network each get at most an eighth of `limit`; with few crowds in all the answer is filled from them up to the hard
 * caps. Takes n log n.
 */
export function spread<Item>(items: readonly Item[], options: SpreadOptions<Item>): readonly Item[] {
  const { limit, isProven = () => true } = options;
  const proven = items.filter((item) => isProven(item));
  const claimed = items.filter((item) => !isProven(item));
  if (claimed.length === 0) return spreadOver(proven, options);
  const kept = Math.min(claimed.length, Math.floor(limit / PEERS_LIMITS.crowdShare.value));
  const first = spreadOver(proven, { ...options, limit: limit - kept });
  return [...first, ...spreadOver(claimed, { ...options, limit: limit - first.length })];
}

function spreadOver<Item>(items: readonly Item[], options: SpreadOptions<Item>): readonly Item[] {
  const { limit, isNear = () => false } = options;
  const ordered = (near: boolean): readonly Item[] =>
    fairOrder(
      items.filter((item) => isNear(item) === near),
      options,
    );
  const answer = new Answer(options);
  const near = ordered(true);
  const others = ordered(false);
  const soft = Math.max(1, Math.floor(limit / PEERS_LIMITS.crowdShare.value));
  const nearLeft = answer.fill(near, Math.ceil(limit / 2), soft);
  const othersLeft = answer.fill(others, limit, soft);
  const crowdedNear = answer.fill(nearLeft, limit, soft);
  answer.fill(othersLeft, limit, Number.POSITIVE_INFINITY);
  answer.fill(crowdedNear, limit, Number.POSITIVE_INFINITY);
  const picked = answer.items;
  return [...picked.filter((item) => isNear(item)), ...picked.filter((item) => !isNear(item))];
}

class Answer<Item> {
  readonly items: Item[] = [];
  readonly #counts = new Map<string, number>();
  readonly #options: SpreadOptions<Item>;

  constructor(options: SpreadOptions<Item>) {
    this.#options = options;
  }

  /** Takes from `items` in their order until the answer has `limit`; returns those that were passed over. */
  fill(items: readonly Item[], limit: number, most: number): readonly Item[] {
    return items.filter((item) => this.items.length >= limit || !this.#take(item, most));
  }

  #take(item: Item, most: number): boolean {
    const { groupsOf, mostPerNetwork = most, mostPerAsn = most } = this.#options;
    const { network, asn } = groupsOf(item);
    const keys: { readonly key: string; readonly cap: number }[] = [];
    if (asn !== undefined) keys.push({ key: `asn ${asn}`, cap: Math.min(most, mostPerAsn) });
    if (network !== undefined || asn === undefined) {
      keys.push({ key: `network ${network}`, cap: Math.min(most, mostPerNetwork) });
    }
    if (keys.some(({ key, cap }) => (this.#counts.get(key) ?? 0) >= cap)) return false;
    for (const { key } of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.items.push(item);
    return true;
  }
}

/** All items, so that any beginning of the row is fair: in turns over ASes, and within each over networks. */
function fairOrder<Item>(items: readonly Item[], { groupsOf, random }: SpreadOptions<Item>): readonly Item[] {
  const bySystem = groupBy(shuffled(items, random), (item) => {
    const { network, asn } = groupsOf(item);
    return asn === undefined ? `network ${network}` : `asn ${asn}`;
  });
  const systems = bySystem.map((members) =>
    inTurns(
      shuffled(
        groupBy(members, (item) => `${groupsOf(item).network}`),
        random,
      ),
    ),
  );
  return inTurns(shuffled(systems, random));
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly (readonly Item[])[] {
  return [...Map.groupBy(items, keyOf).values()];
}

/** One of each row, then the second of each that has one, and so on. */
function inTurns<Item>(rows: readonly (readonly Item[])[]): readonly Item[] {
  const result: Item[] = [];
  let left = rows;
  for (let turn = 0; left.length > 0; turn += 1) {
    left = left.filter((row) => row.length > turn);
    for (const row of left) result.push(...row.slice(turn, turn + 1));
  }
  return result;
}
