import { FakeClock } from "../../src/core/fake-clock.ts";
import type { Random } from "../../src/core/random.ts";
import { GossipBudget } from "../../src/discovery/gossip-budget.ts";
import { gossipShare } from "../../src/discovery/gossip-share.ts";
import { findInIndex, provideInIndex } from "../../src/discovery/index-trie.ts";
import type { PeerId } from "../../src/identity/peer-id.ts";
import { PEERS_LIMITS } from "../../src/peers/limits.ts";
import { spread } from "../../src/peers/spread.ts";
import { MemoryIndex, networkOfProvider } from "../support/memory-index.ts";
import { mean } from "./look-ups.ts";
import { type HostileShape, type Inhabitant, populate } from "./population.ts";

/** The share of hostile identities in what a client gets to see. */
export interface AttackFigures {
  readonly from: string;
  readonly honest: number;
  readonly hostile: number;
  /** With the rules of spread, quotas and budgets, or with none of them. */
  readonly withRules: boolean;
  readonly exchange: number;
  readonly index: number;
  readonly gossip: number;
  /** In the set that it keeps checked and picks from. */
  readonly usable: number;
}

const ANSWER = 50;
const ASKS = 12;
const SEARCHES = 4;
const USABLE = 200;
/** Hard caps: where honest nodes are few, a set that stays small is better than one that a crowd fills. */
const USABLE_CAPS = { mostPerNetwork: USABLE / 25, mostPerAsn: USABLE / 8 };
const KEY_PEERS = 96;
const NETWORK_QUOTA = 1_024;
const SYSTEM_QUOTA = 4_096;

/** Floods exchange, index and gossip with `hostile` identities, and looks at what `clients` clients then hold. */
export async function measureAttack(
  options: { honest: number; hostile: number; shape: HostileShape; withRules: boolean; clients: number },
  random: Random,
): Promise<AttackFigures> {
  const { honest, hostile, shape, withRules, clients } = options;
  const all = populate(honest, hostile, shape, random);
  const byName = new Map(all.map((one) => [one.name, one]));
  const honestStore = withRules ? withinQuotas(shuffled(all, random)) : all;
  const pick = (from: readonly Inhabitant[], limit: number, caps = {}): readonly Inhabitant[] =>
    withRules
      ? spread(from, { limit, random, groupsOf: (one) => one, ...caps })
      : shuffled(from, random).slice(0, limit);
  // The worst order: the crowd is there before anyone else.
  const index = new MemoryIndex({ keyPeers: withRules ? KEY_PEERS : 10 * KEY_PEERS });
  const networkOf = withRules ? networkOfProvider : () => undefined;
  const estimates: number[] = [];
  for (const one of [...all].sort((a, b) => Number(b.isHostile) - Number(a.isHostile))) {
    const peerId = one.name as PeerId;
    const overlay = index.overlayOf(peerId, [`/ip4/${one.address}/tcp/1`]);
    const standing = await provideInIndex(overlay, { country: "de", random, networkOf, peerId, startDepth: 3 });
    if (!one.isHostile) estimates.push(standing.estimatedNodes);
  }
  const heard = hearGossip(all, withRules ? mean(estimates) : 0, withRules, random);
  const shares = { exchange: [] as number[], index: [] as number[], usable: [] as number[] };
  for (let client = 0; client < clients; client += 1) {
    const told = askAround(honestStore, all, pick, random);
    const found: Inhabitant[] = [];
    const searcher = index.overlayOf("searcher" as PeerId);
    for (let search = 0; search < SEARCHES; search += 1) {
      const { providers } = await findInIndex(searcher, { country: "de", random, networkOf, want: 200 });
      for (const { peerId } of providers) found.push(...[byName.get(peerId)].filter((one) => one !== undefined));
    }
    const store = [...new Set([...told, ...found, ...heard])];
    shares.exchange.push(hostileShare(told));
    shares.index.push(hostileShare([...new Set(found)]));
    shares.usable.push(hostileShare(pick(withRules ? withinQuotas(store) : store, USABLE, USABLE_CAPS)));
  }
  return {
    from: shape.name,
    honest,
    hostile,
    withRules,
    exchange: mean(shares.exchange),
    index: mean(shares.index),
    gossip: hostileShare(heard),
    usable: mean(shares.usable),
  };
}

/** A client asks twelve peers, the first an honest one and then such as it was told of; hostile ones tell of hostile ones only. */
function askAround(
  honestStore: readonly Inhabitant[],
  all: readonly Inhabitant[],
  pick: (from: readonly Inhabitant[], limit: number) => readonly Inhabitant[],
  random: Random,
): readonly Inhabitant[] {
  const crowd = all.filter(({ isHostile }) => isHostile);
  const told = new Set<Inhabitant>(pick(honestStore, ANSWER));
  for (let asked = 1; asked < ASKS; asked += 1) {
    const [next] = pick([...told], 1);
    const answer = next?.isHostile === true ? shuffled(crowd, random).slice(0, ANSWER) : pick(honestStore, ANSWER);
    for (const one of answer) told.add(one);
  }
  return [...told];
}

/** Whose messages a hearer of the topic gets in an hour; hostile ones send one a minute each, which is what an origin may. */
function hearGossip(
  all: readonly Inhabitant[],
  estimatedNodes: number,
  withRules: boolean,
  random: Random,
): readonly Inhabitant[] {
  const clock = new FakeClock();
  const budget = new GossipBudget({ clock });
  const minutes = PEERS_LIMITS.renewMs.value / 60_000;
  const heard = new Set<Inhabitant>();
  for (let minute = 0; minute < 60; minute += 1) {
    const sent = all.filter(
      ({ isHostile }) => isHostile || random.float() < (withRules ? gossipShare(estimatedNodes) : 1) / minutes,
    );
    const perStep = Math.ceil(sent.length / 60);
    for (const [at, one] of shuffled(sent, random).entries()) {
      if (at % perStep === 0) clock.advance(1_000);
      if (!withRules || budget.take(one.network)) heard.add(one);
    }
  }
  return [...heard];
}

function withinQuotas(items: readonly Inhabitant[]): readonly Inhabitant[] {
  const counts = new Map<string, number>();
  const below = (key: string, most: number): boolean => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= most;
  };
  return items.filter(
    ({ network, asn }) => below(`network ${network}`, NETWORK_QUOTA) && below(`asn ${asn}`, SYSTEM_QUOTA),
  );
}

function hostileShare(items: readonly Inhabitant[]): number {
  return items.filter(({ isHostile }) => isHostile).length / items.length;
}

function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  const keyed = items.map((item) => ({ item, at: random.float() }));
  return keyed.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
