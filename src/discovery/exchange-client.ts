import { deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { formatTcpAddress } from "../core/peer-address.ts";
import { type PeerId, parsePeerId, peerIdFromPublicKey, shortPeerId } from "../identity/peer-id.ts";
import type { Overlay } from "../overlay/overlay.ts";
import type { ClockWords } from "../peers/clock-words.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { Addition, PeerBook } from "../peers/peer-book.ts";
import { decodeAdvertisement } from "../wire/advertisement.ts";
import { decodeDirectoryAnswer, encodeDirectoryRequest } from "../wire/directory-message.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/** What an exchange client is made of. */
export interface ExchangeClientComponents {
  readonly clock: Clock;
  readonly overlay: Pick<Overlay, "ask" | "learn" | "addressOf">;
  readonly book: PeerBook;
  /** This peer as it advertises itself; undefined for a client. */
  readonly own: () => KnownPeer | undefined;
  /** Told what the teller's own advertisement shows of the time, and how many others it sent that are dated wrong. */
  readonly clockWords?: Pick<ClockWords, "noteAnswer"> | undefined;
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
  async ask(peer: PeerId, query: PeerQuery, limit: number, signal?: AbortSignal): Promise<number> {
    const { clock, overlay, book, own, onNamed } = this.#components;
    const told = own()?.envelope;
    const request = encodeDirectoryRequest({ query, limit, self: told });
    using bound = deadline(
      clock,
      DISCOVERY_LIMITS.askMs.value,
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
      this.#noteTime(peer, address, envelopes, additions);
      const named = envelopes.filter((_, index) => isNamed(additions[index])).map(peerOf);
      const self = own()?.advertisement.peer;
      onNamed?.(
        peer,
        named.filter((name) => name !== peer && name !== self),
        Object.keys(query).length === 0,
      );
      return additions.filter((addition) => addition === "new").length;
    } catch (cause) {
      book.reject("answer");
      throw new BywayError("ERR_PEER_ANSWER", `${shortPeerId(peer)} sent an answer that cannot be read`, { cause });
    }
  }

  /** The teller proved its key on this connection, so nobody else wrote what it says of itself. */
  #noteTime(
    peer: PeerId,
    address: string | undefined,
    envelopes: readonly Uint8Array[],
    additions: readonly (Addition | BywayError)[],
  ): void {
    const issuedAtSec = issuedBy(peer, envelopes);
    if (issuedAtSec === undefined) return;
    const refused = envelopes.filter((envelope, index) => {
      const addition = additions[index];
      return typeof addition === "object" && UNTIMELY.has(addition.code) && peerOf(envelope) !== peer;
    }).length;
    this.#components.clockWords?.noteAnswer({ peer, address }, issuedAtSec, refused);
  }

  /** Asks a node that is known, connected or not. Throws as `ask` does. */
  async askKnown({ advertisement }: KnownPeer, query: PeerQuery, limit: number, signal?: AbortSignal): Promise<number> {
    const peer = parsePeerId(advertisement.peer);
    await this.#components.overlay.learn(peer, advertisement.endpoints.map(formatTcpAddress), "signed");
    return this.ask(peer, query, limit, signal);
  }
}

const UNTIMELY: ReadonlySet<ErrorCode> = new Set(["ERR_ADVERTISEMENT_FUTURE", "ERR_ADVERTISEMENT_EXPIRED"]);

/** When the peer's own advertisement among these was issued; undefined where none is there or it cannot be read. */
function issuedBy(peer: PeerId, envelopes: readonly Uint8Array[]): number | undefined {
  try {
    const own = envelopes.find((envelope) => peerOf(envelope) === peer);
    return own && decodeAdvertisement(decodeEnvelope(own).payload).issuedAtSec;
  } catch {
    return undefined;
  }
}

/** Who tells of a peer what another has told anew names it all the same. */
function isNamed(addition: Addition | BywayError | undefined): boolean {
  return typeof addition === "string" || addition?.code === "ERR_ADVERTISEMENT_OLD";
}

function peerOf(envelope: Uint8Array): PeerId {
  return peerIdFromPublicKey(decodeEnvelope(envelope).publicKey);
}
