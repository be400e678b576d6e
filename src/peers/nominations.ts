import { PEERS_LIMITS } from "./limits.ts";

/** What one network of tellers has named. */
interface Teller {
  /** The names in the order in which they are to be tried. */
  names: Map<string, true>;
  /** Whether the named peers that were checked last answered, the latest at the end. */
  readonly outcomes: boolean[];
}

/**
 * Who named whom in answers to this peer's questions: whose word decides which peers are tried first.
 *
 * All tellers of one network count as one. Each network has its turn, so that nobody gains places by naming many. Of its
 * names those come first that another network named as well, then those that it handed out first. A network whose names
 * did not answer loses most of its turns.
 */
export class Nominations {
  /** By network, the one whose turn is next first. */
  readonly #tellers = new Map<string, Teller>();
  /** The networks that named each peer. */
  readonly #namedBy = new Map<string, Set<string>>();
  #turn = 0;

  /** How many peers are named now. */
  get size(): number {
    return this.#namedBy.size;
  }

  /** Notes an answer: `peers` in the order in which `network` handed them out. */
  name(network: string, peers: readonly string[]): void {
    const teller = this.#tellers.get(network) ?? { names: new Map(), outcomes: [] };
    if (!this.#tellers.has(network)) this.#admit(network, teller);
    // The newest answer comes first: it may be to a question for what is wanted now.
    const newest = new Set(peers);
    const older = [...teller.names.keys()].filter((peer) => !newest.has(peer));
    const names = [...newest, ...older];
    for (const peer of names.splice(PEERS_LIMITS.namesPerTeller.value)) this.#forget(network, peer);
    teller.names = new Map(names.map((peer) => [peer, true]));
    for (const peer of names) this.#namedBy.set(peer, (this.#namedBy.get(peer) ?? new Set()).add(network));
  }

  /** Notes whether a peer answered, for those who named it. */
  noteChecked(peer: string, hasAnswered: boolean): void {
    for (const network of this.#namedBy.get(peer) ?? []) {
      const outcomes = this.#tellers.get(network)?.outcomes;
      outcomes?.push(hasAnswered);
      if (outcomes !== undefined && outcomes.length > PEERS_LIMITS.tellerOutcomes.value) outcomes.shift();
    }
  }

  /** The networks whose tellers named a peer, without those known for false names. */
  vouchers(peer: string): readonly string[] {
    return [...(this.#namedBy.get(peer) ?? [])].filter((network) => this.#isBelieved(this.#tellers.get(network)));
  }

  /** Whether tellers of several such networks named a peer. */
  isVouched(peer: string): boolean {
    return isVouchedBy(this.vouchers(peer));
  }

  /**
   * The next peer to try that `pick` gives something for; undefined where no teller has one. Looks at some names of each
   * teller at the most, others each time.
   */
  next<T>(pick: (peer: string) => T | undefined): T | undefined {
    this.#turn += 1;
    const isTurnOfAll = this.#turn % PEERS_LIMITS.doubtedTurns.value === 0;
    const order = [...this.#tellers];
    for (const isBelieved of isTurnOfAll ? [undefined] : [true, false]) {
      for (const [network, teller] of order) {
        if (isBelieved !== undefined && this.#isBelieved(teller) !== isBelieved) continue;
        this.#tellers.delete(network);
        this.#tellers.set(network, teller);
        const found = this.#nextOf(teller, pick);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #nextOf<T>(teller: Teller, pick: (peer: string) => T | undefined): T | undefined {
    let first: { readonly peer: string; readonly found: T } | undefined;
    let left = PEERS_LIMITS.namesLookedAt.value;
    const passed: string[] = [];
    for (const peer of teller.names.keys()) {
      if (left === 0) break;
      left -= 1;
      const found = pick(peer);
      if (found === undefined) passed.push(peer);
      else if (this.isVouched(peer)) {
        first = { peer, found };
        break;
      } else first ??= { peer, found };
    }
    for (const peer of first === undefined ? passed : [...passed, first.peer]) {
      teller.names.delete(peer);
      teller.names.set(peer, true);
    }
    return first?.found;
  }

  #isBelieved(teller: Teller | undefined): boolean {
    if (teller === undefined) return false;
    const { outcomes } = teller;
    const answered = outcomes.filter(Boolean).length;
    return outcomes.length < MIN_OUTCOMES || answered * LEAST_SHARE >= outcomes.length;
  }

  #admit(network: string, teller: Teller): void {
    this.#tellers.set(network, teller);
    const [oldest] = this.#tellers;
    if (this.#tellers.size <= PEERS_LIMITS.tellers.value || oldest === undefined) return;
    const [name, { names }] = oldest;
    this.#tellers.delete(name);
    for (const peer of names.keys()) this.#forget(name, peer);
  }

  #forget(network: string, peer: string): void {
    const networks = this.#namedBy.get(peer);
    networks?.delete(network);
    if (networks?.size === 0) this.#namedBy.delete(peer);
  }
}

/** Whether so many networks are enough for a peer to be vouched for. */
export function isVouchedBy(networks: readonly string[]): boolean {
  return networks.length > 1;
}

/** Checks of its names before a teller is judged. */
const MIN_OUTCOMES = 4;
/** A teller is believed while at least one of so many answered. */
const LEAST_SHARE = 4;
