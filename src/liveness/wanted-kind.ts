import { fitsQuery } from "../peers/fits-query.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { PeerQuery } from "../wire/peer-query.ts";

/** A kind of peer that was asked for. */
export class WantedKind {
  readonly query: PeerQuery;
  untilMs: number;
  /** Whether its peers are checked by way of others. */
  readonly isFar: boolean;
  /** All that are known have been drawn; until then it is not looked again. */
  emptyUntilMs: number = Number.NEGATIVE_INFINITY;
  /** Names take a while to compare, and each peer is held against each query many times a second. */
  readonly #fits = new WeakMap<KnownPeer, boolean>();

  constructor(query: PeerQuery, untilMs: number, isFar = false) {
    this.query = query;
    this.isFar = isFar;
    this.untilMs = untilMs;
  }

  readonly fits: (peer: KnownPeer) => boolean = (peer) => {
    const known = this.#fits.get(peer);
    if (known !== undefined) return known;
    const fits = fitsQuery(peer, this.query);
    this.#fits.set(peer, fits);
    return fits;
  };
}
