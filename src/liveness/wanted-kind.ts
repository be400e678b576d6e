import { fitsWish } from "../peers/fits-wish.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { PeerWish } from "../wire/peer-wish.ts";

/** A kind of peer that was asked for. */
export class WantedKind {
  readonly wish: PeerWish;
  untilMs: number;
  /** Whether its peers are checked by way of others. */
  readonly isFar: boolean;
  /** All that are known have been drawn; until then it is not looked again. */
  emptyUntilMs: number = Number.NEGATIVE_INFINITY;
  /** Names take a while to compare, and each peer is held against each wish many times a second. */
  readonly #fits = new WeakMap<KnownPeer, boolean>();

  constructor(wish: PeerWish, untilMs: number, isFar = false) {
    this.wish = wish;
    this.isFar = isFar;
    this.untilMs = untilMs;
  }

  readonly fits: (peer: KnownPeer) => boolean = (peer) => {
    const known = this.#fits.get(peer);
    if (known !== undefined) return known;
    const fits = fitsWish(peer, this.wish);
    this.#fits.set(peer, fits);
    return fits;
  };
}
