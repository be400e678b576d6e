import type { Socket } from "node:net";
import type { PeerId } from "../identity/peer-id.ts";

/** What a gossip message turned out to be: passed on, dropped in silence, or dropped and held against its sender. */
export type GossipVerdict = "accept" | "ignore" | "reject";

/** Someone who asks this peer something over the overlay. */
export interface OverlayAsker {
  readonly peerId: PeerId;
  /** The IP address that its connection comes from; undefined where the transport has none. */
  readonly address: string | undefined;
}

/** A peer that is named in the index. */
export interface OverlayProvider {
  readonly peerId: PeerId;
  /** Multiaddrs, without the peer id at the end; may be empty. */
  readonly addresses: readonly string[];
}

/** What the overlay asks of the one who made it. */
export interface OverlayServices {
  /** Answers one exchange request of a stranger (already bounded in length); what it throws resets the stream. */
  answer(asker: OverlayAsker, request: Uint8Array): Promise<Uint8Array> | Uint8Array;
  /** Throws a BywayError where `envelope` is not a valid advertisement of `peerId`: decides which DHT records are stored. */
  checkRecord(peerId: PeerId, envelope: Uint8Array): void;
  /** The newest of several envelopes that `checkRecord` accepted: its index. */
  newestRecord(envelopes: readonly Uint8Array[]): number;
  /** Told where a peer that this one dialled at the IP address `by` sees it: the IP address `own`, as that peer has it. */
  seenAt?(own: string, by: string): void;
}

/**
 * The control plane between peers: who is connected, requests and answers, records and index of the DHT, gossip.
 *
 * Addresses are multiaddrs as text (`/ip4/192.0.2.1/tcp/4433/p2p/12D3Koo…`), peers are named by their `k51…` id.
 * No method throws for what a stranger does, unless it says so; all take back what they do when `signal` aborts.
 */
export interface Overlay {
  start(): Promise<void>;
  /** Settles when every connection and timer is gone. Idempotent. */
  stop(): Promise<void>;
  /** Serves one incoming connection of which nothing is lost: bytes that were read are back in it. Owns it from here on. */
  accept(socket: Socket, remote: { readonly host: string; readonly port: number }): void;
  /** Peers connected now. */
  connected(): readonly PeerId[];
  /** The IP address at the other end of a connection to `peer`; undefined without one. */
  addressOf(peer: PeerId): string | undefined;
  /**
   * Connects to a peer of this network by a multiaddr that ends in `/p2p/<id>`, and says who that is. Throws
   * ERR_PEER_UNREACHABLE with what is wrong, or the abort reason.
   */
  connect(address: string, signal?: AbortSignal): Promise<PeerId>;
  /** Sends one exchange request to a peer that is connected, or can be dialled at an address that is known for it. Throws ERR_PEER_UNREACHABLE, ERR_PEER_ANSWER or the abort reason. */
  ask(peer: PeerId, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * Remembers where `peer` can be dialled (multiaddrs without peer id). What the peer itself has `signed` takes the place of
   * all that was told of it, and is dialled first whatever others tell later.
   */
  learn(peer: PeerId, addresses: readonly string[], source?: "told" | "signed"): Promise<void>;
  /** Puts this peer's own record: its newest envelope. */
  putRecord(peer: PeerId, envelope: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** The newest valid record of `peer`, put again where an older one was found; undefined if there is none. */
  getRecord(peer: PeerId, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Names this peer under a key of the index (32 bytes, a SHA-256). */
  provide(key: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Stops naming it there: no more renewals. */
  cancelProvide(key: Uint8Array): Promise<void>;
  /** The peers named under a key, at most `limit`, in the order in which they are found. */
  providers(key: Uint8Array, limit: number, signal?: AbortSignal): Promise<readonly OverlayProvider[]>;
  /** Hears a topic; `check` decides about each message before it is passed on. Replaces what was set for the topic before. */
  subscribe(topic: string, check: (message: Uint8Array, from: PeerId) => GossipVerdict): void;
  unsubscribe(topic: string): void;
  /** Publishes to a topic, subscribed or not; resolves also where nobody hears it. */
  publish(topic: string, message: Uint8Array): Promise<void>;
  /** How many other nodes there may be in the whole overlay, from the density of ids near this peer's own; undefined before it knows. */
  estimatedPeers(): number | undefined;
}
