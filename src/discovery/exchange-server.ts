import { BywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { GeoSource } from "../geo/geo-facts.ts";
import type { OverlayAsker } from "../overlay/overlay.ts";
import { fitsQuery } from "../peers/fits-query.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { type Crowd, spread } from "../peers/spread.ts";
import type { StoredPeer } from "../peers/stored-peer.ts";
import { decodeDirectoryRequest, encodeDirectoryAnswer } from "../wire/directory-message.ts";
import type { PeerQuery } from "../wire/peer-query.ts";

/** How many candidates are drawn for each place in an answer, so that there is something to spread. */
const DRAWN_FOR_EACH = 4;

/** What an exchange server is made of. */
export interface ExchangeServerComponents {
  readonly random: Random;
  readonly book: PeerBook;
  readonly geo: GeoSource;
  /** This peer as it advertises itself; undefined for a client. */
  readonly own: () => KnownPeer | undefined;
}

/**
 * Answers what strangers ask of this peer's directory: what fits, spread over networks, near ones first, and before all others
 * those that this peer has met where they say they are.
 */
export class ExchangeServer {
  readonly #components: ExchangeServerComponents;

  constructor(components: ExchangeServerComponents) {
    this.#components = components;
  }

  /** Throws ERR_DIRECTORY_MESSAGE for what is no request. */
  answer(asker: OverlayAsker, bytes: Uint8Array): Uint8Array {
    const { book } = this.#components;
    let request: ReturnType<typeof decodeDirectoryRequest>;
    try {
      request = decodeDirectoryRequest(bytes);
    } catch (error) {
      book.reject("malformed");
      throw error;
    }
    const newer = request.self === undefined ? undefined : this.#meet(asker, request.self);
    const fitting = this.#fitting(asker, request.query, request.limit);
    // Only somebody else with its key can have signed it.
    const told = newer === undefined || request.limit === 0 ? [] : [newer];
    const rest = fitting.slice(0, request.limit - told.length);
    return encodeDirectoryAnswer({ envelopes: [...rest, ...told].map(({ envelope }) => envelope) });
  }

  /**
   * Takes in what the asker says of itself; it is answered also where that is refused, which the book counts. Returns what is
   * known of it where that is newer.
   */
  #meet(asker: OverlayAsker, envelope: Uint8Array): KnownPeer | undefined {
    const { book } = this.#components;
    try {
      book.add(envelope, { kind: "exchange", peer: asker.peerId, address: asker.address });
      book.noteMet(asker.peerId, asker.address);
    } catch (error) {
      if (!(error instanceof BywayError)) throw error;
      return error.code === "ERR_ADVERTISEMENT_OLD" ? book.get(asker.peerId) : undefined;
    }
    return undefined;
  }

  #fitting(asker: OverlayAsker, query: PeerQuery, limit: number): readonly KnownPeer[] {
    const { book, geo, random, own } = this.#components;
    const self = own();
    const first = self !== undefined && limit > 0 && fitsQuery(self, query) ? [self] : [];
    if (query.peers !== undefined) {
      const named = query.peers.flatMap((peer) => (peer === asker.peerId ? [] : (book.get(peer) ?? [])));
      return [...first, ...named.filter((peer) => fitsQuery(peer, query))].slice(0, limit);
    }
    const country = asker.address === undefined ? undefined : geo.lookup(asker.address).country;
    const draw = (part: PeerQuery, places: number): readonly StoredPeer[] =>
      [...book.drawReached(part, places * DRAWN_FOR_EACH), ...book.draw(part, places * DRAWN_FOR_EACH)].filter(
        ({ peer }) => peer !== asker.peerId,
      );
    const asksNear = country !== undefined && (query.countries?.includes(country) ?? true);
    // Near ones are half of the answer at the most.
    const near = asksNear ? draw({ ...query, countries: [country] }, Math.ceil(limit / 2)) : [];
    const drawn = new Map([...near, ...draw(query, limit)].map((held) => [held.peer, held]));
    // Chosen before they are read: whoever asks must not make this peer read four times what it answers.
    const rest = spread([...drawn.values()], {
      limit: limit - first.length,
      random,
      groupsOf: crowdOfHeld,
      isProven: ({ reachedAtMs }) => reachedAtMs !== undefined,
      ...(country === undefined ? {} : { isNear: ({ place }: StoredPeer) => place.country === country }),
    });
    return [...first, ...rest.flatMap((held) => book.open(held) ?? [])];
  }
}

/** The networks that a peer stands in, as `spread` tells crowds apart; an AS that it only claims does not count. */
function crowdOfHeld({ prefix, place }: StoredPeer): Crowd {
  return { network: prefix, asn: place.provenAsn };
}
