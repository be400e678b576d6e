import { BywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { type PeerId, parsePeerId } from "../identity/peer-id.ts";
import type { Overlay } from "../overlay/overlay.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { WIRE_LIMITS } from "../wire/limits.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import { type FindOptions, findInIndex } from "./index-trie.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/** What a finder is made of. */
export interface FinderComponents {
  readonly random: Random;
  readonly overlay: Pick<Overlay, "connected" | "providers" | "provide" | "cancelProvide" | "learn" | "getRecord">;
  readonly exchange: Pick<ExchangeClient, "ask" | "askKnown">;
  readonly book: Pick<PeerBook, "find" | "get" | "addAll">;
  /** At most so many known nodes that are likely to answer. */
  readonly likely: (count: number) => readonly KnownPeer[];
  /** The network that a provider stands in; undefined where all share one. */
  readonly networkOf: FindOptions["networkOf"];
}

/** Looks for nodes of one sort: asks the peers that are connected, then the index of each country, then the records. */
export class Finder {
  readonly #components: FinderComponents;
  /** How deep the index of each country was, where it was searched: one for each code of two letters at the most. */
  readonly #depths = new Map<string, number>();

  constructor(components: FinderComponents) {
    this.#components = components;
  }

  /** How many nodes it learnt of that were not known before. Rejects with the abort reason only. */
  async find(whole: PeerQuery, signal: AbortSignal): Promise<number> {
    const { book, random } = this.#components;
    const query = askableQuery(whole, random);
    const peers = this.#someConnected();
    // Beside the connected ones some that are not, so that no crowd of neighbours decides what this peer hears of.
    const others = this.#components.likely(DISCOVERY_LIMITS.findPeers.value);
    const asked = [this.#askAll(peers, query, signal), ...others.map((known) => this.#askKnown(known, query, signal))];
    let found = (await Promise.all(asked)).reduce((sum, count) => sum + count, 0);
    const isEnough = (): boolean => book.find(whole, ENOUGH, "random").length >= ENOUGH;
    if (!isEnough()) for (const country of query.countries ?? []) found += await this.#byIndex(country, query, signal);
    for (const peer of query.peers ?? []) found += await this.#byRecord(peer, signal);
    signal.throwIfAborted();
    return found;
  }

  /** As `find`, at little cost: asks some peers that are connected, and dials nobody. */
  async findNear(whole: PeerQuery, signal: AbortSignal): Promise<number> {
    return this.#askAll(this.#someConnected(), askableQuery(whole, this.#components.random), signal);
  }

  /** Looks for one node by name, for somebody else and so at little cost: its record, and a few peers that are connected. */
  async findOne(peer: string, signal: AbortSignal): Promise<void> {
    const { overlay, random, exchange } = this.#components;
    const asked = shuffled(overlay.connected(), random).slice(0, DISCOVERY_LIMITS.locatePeers.value);
    await Promise.all([
      this.#byRecord(peer, signal),
      ...asked.map((each) => quiet(exchange.ask(each, { peers: [peer] }, 1, signal), signal)),
    ]);
  }

  /** The nodes that the index names say of themselves who they are, and which like them they know. */
  async #byIndex(country: string, query: PeerQuery, signal: AbortSignal): Promise<number> {
    const { overlay, random, networkOf } = this.#components;
    const want = DISCOVERY_LIMITS.findPeers.value * NAMED_FOR_EACH;
    const startDepth = this.#depths.get(country);
    const found = await quiet(findInIndex(overlay, { country, want, random, networkOf, signal, startDepth }), signal);
    if (found !== undefined) this.#depths.set(country, found.depth);
    const chosen = shuffled(found?.providers ?? [], random).slice(0, DISCOVERY_LIMITS.findPeers.value);
    for (const { peerId, addresses } of chosen) await quiet(overlay.learn(peerId, addresses), signal);
    return this.#askAll(
      chosen.map(({ peerId }) => peerId),
      query,
      signal,
    );
  }

  async #byRecord(peer: string, signal: AbortSignal): Promise<number> {
    const { overlay, book } = this.#components;
    if (book.get(peer) !== undefined) return 0;
    const envelope = await quiet(overlay.getRecord(parsePeerId(peer), signal), signal);
    if (envelope === undefined) return 0;
    return book.addAll([envelope], { kind: "dht" })[0] === "new" ? 1 : 0;
  }

  #someConnected(): readonly PeerId[] {
    const { overlay, random } = this.#components;
    return shuffled(overlay.connected(), random).slice(0, DISCOVERY_LIMITS.findPeers.value);
  }

  async #askKnown(known: KnownPeer, query: PeerQuery, signal: AbortSignal): Promise<number> {
    const { value: limit } = DISCOVERY_LIMITS.answerNodes;
    return (await quiet(this.#components.exchange.askKnown(known, query, limit, signal), signal)) ?? 0;
  }

  async #askAll(peers: readonly PeerId[], query: PeerQuery, signal: AbortSignal): Promise<number> {
    const { value: limit } = DISCOVERY_LIMITS.answerNodes;
    const { exchange } = this.#components;
    const learnt = await Promise.all(peers.map((peer) => quiet(exchange.ask(peer, query, limit, signal), signal)));
    return learnt.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  }
}

/** Nodes of a kind that are enough not to look further. */
const ENOUGH = 8;
/** Nodes that the index names for each that is asked. */
const NAMED_FOR_EACH = 4;

/** What `promise` gives, or undefined where a peer was at fault; only an abort goes through. */
async function quiet<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (signal.aborted || !(error instanceof BywayError) || error.kind === "internal") throw error;
    return undefined;
  }
}

/**
 * A query as others may be asked for it: of lists that are longer than a request may have some items by chance, and no name
 * that is longer than one may be. A peer would refuse the whole request; what it answers too much does not fit, and no more.
 */
function askableQuery(query: PeerQuery, random: Random): PeerQuery {
  const { maxListItems, maxTextBytes, maxAnswerEnvelopes } = WIRE_LIMITS;
  const entries = Object.entries(query).flatMap(([key, list]: [string, readonly (string | number)[] | undefined]) => {
    const most = (key === "peers" ? maxAnswerEnvelopes : maxListItems).value;
    const fitting = (list ?? []).filter((item) => Buffer.byteLength(String(item)) <= maxTextBytes.value);
    if (list === undefined || (fitting.length === 0 && list.length > 0)) return [];
    // Of roles and protocols a node must have all: one less would be asked for more than is wanted, and harms nobody.
    return [[key, fitting.length > most ? shuffled(fitting, random).slice(0, most) : fitting] as const];
  });
  return Object.fromEntries(entries);
}
