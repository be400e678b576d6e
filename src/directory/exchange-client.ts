import { deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { formatTcpAddress } from "../core/peer-address.ts";
import { type PeerId, parsePeerId, peerIdFromPublicKey, shortPeerId } from "../identity/peer-id.ts";
import { decodeDirectoryAnswer, encodeDirectoryRequest } from "../wire/directory-message.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { PeerWish } from "../wire/peer-wish.ts";
import type { KnownPeer } from "./known-peer.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";
import type { Overlay } from "./overlay.ts";
import type { Addition, PeerBook } from "./peer-book.ts";

/** What an exchange client is made of. */
export interface ExchangeClientComponents {
  readonly clock: Clock;
  readonly overlay: Pick<Overlay, "ask" | "learn" | "addressOf">;
  readonly book: PeerBook;
  /** This peer as it advertises itself; undefined for a client. */
  readonly own: () => KnownPeer | undefined;
  /**
   * Told of each answer: who gave it, and whom beside itself it names that is known now, in its order; `isOfAny` where it was
   * asked for nodes of any kind.
   */
  readonly onNamed?: (teller: PeerId, peers: readonly PeerId[], isOfAny: boolean) => void;
}

/** Asks other peers what they have, and takes it into the book. */
export class ExchangeClient {
  readonly #components: ExchangeClientComponents;

  constructor(components: ExchangeClientComponents) {
    this.#components = components;
  }

  /**
   * Asks `peer` for at most `limit` nodes that fit; returns how many of those that it named were not known before.
   * Throws ERR_PEER_UNREACHABLE, ERR_PEER_ANSWER or the abort reason.
   */
  async ask(peer: PeerId, wish: PeerWish, limit: number, signal?: AbortSignal): Promise<number> {
    const { clock, overlay, book, own, onNamed } = this.#components;
    const self = own()?.envelope;
    const request = encodeDirectoryRequest({ wish, limit, ...(self === undefined ? {} : { self }) });
    using bound = deadline(
      clock,
      DIRECTORY_LIMITS.askMs.value,
      () => new BywayError("ERR_PEER_ANSWER", `${shortPeerId(peer)} did not answer in time`),
      signal,
    );
    let bytes: Uint8Array;
    try {
      bytes = await overlay.ask(peer, request, bound.signal);
    } catch (error) {
      // One that stalls, or whose answer has no good frame; one that cannot be reached has done nothing wrong.
      if (error instanceof BywayError && error.code === "ERR_PEER_ANSWER") book.reject("answer");
      throw error;
    }
    try {
      const { envelopes } = decodeDirectoryAnswer(bytes);
      if (envelopes.length > limit)
        throw new BywayError("ERR_DIRECTORY_MESSAGE", "an answer has more than was asked for");
      const address = overlay.addressOf(peer);
      const additions = book.addAll(envelopes, { kind: "exchange", peer, address });
      book.noteMet(peer, address);
      const named = envelopes.filter((_, index) => isNamed(additions[index])).map(peerOf);
      onNamed?.(
        peer,
        named.filter((name) => name !== peer),
        Object.keys(wish).length === 0,
      );
      return additions.filter((addition) => addition === "new").length;
    } catch (cause) {
      book.reject("answer");
      throw new BywayError("ERR_PEER_ANSWER", `${shortPeerId(peer)} sent an answer that cannot be read`, { cause });
    }
  }

  /** Asks a node that is known, connected or not. Throws as `ask` does. */
  async askKnown({ advertisement }: KnownPeer, wish: PeerWish, limit: number, signal?: AbortSignal): Promise<number> {
    const peer = parsePeerId(advertisement.peer);
    await this.#components.overlay.learn(peer, advertisement.endpoints.map(formatTcpAddress), "signed");
    return this.ask(peer, wish, limit, signal);
  }
}

/** Who tells of a peer what another has told anew names it all the same. */
function isNamed(addition: Addition | BywayError | undefined): boolean {
  return typeof addition === "string" || addition?.code === "ERR_ADVERTISEMENT_OLD";
}

function peerOf(envelope: Uint8Array): PeerId {
  return peerIdFromPublicKey(decodeEnvelope(envelope).publicKey);
}
