import { lookup } from "node:dns";
import type { Socket } from "node:net";
import type { Connection, IdentifyResult, Stream } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { withAbort } from "../core/abort.ts";
import { BywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { type PeerId, parsePeerId, shortPeerId } from "../identity/peer-id.ts";
import { BookStore } from "./book-store.ts";
import { Dht } from "./dht.ts";
import { DhtStore } from "./dht-store.ts";
import { dialFailure } from "./dial-failure.ts";
import { DialGate } from "./dial-gate.ts";
import { Exchange } from "./exchange.ts";
import { Gossip } from "./gossip.ts";
import { guardedDht } from "./guarded-dht.ts";
import { createHost, type Host } from "./libp2p-host.ts";
import { fromLibp2p, toLibp2p } from "./libp2p-identity.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import { ipOf } from "./multiaddr-text.ts";
import { namedAddresses } from "./named-addresses.ts";
import type { GossipVerdict, Overlay, OverlayProvider } from "./overlay.ts";
import type { OverlayComponents, OverlayOptions } from "./overlay-options.ts";
import { type ProtocolNames, protocolNames } from "./protocol-names.ts";

interface Running {
  readonly host: Host;
  readonly dht: Dht;
}

/** The `Overlay` over libp2p: one host, and what it says in words of ours. */
export class Libp2pOverlay implements Overlay {
  readonly #components: OverlayComponents;
  readonly #options: OverlayOptions;
  readonly #names: ProtocolNames;
  readonly #gate: DialGate;
  readonly #book = new BookStore();
  readonly #store: DhtStore;
  readonly #exchange: Exchange;
  readonly #gossip: Gossip;
  #running: Promise<Running> | undefined;
  #now: Running | undefined;

  constructor(components: OverlayComponents, options: OverlayOptions) {
    const { clock, services } = components;
    this.#components = components;
    this.#options = options;
    this.#names = protocolNames(options.network);
    this.#gate = new DialGate({ localNetwork: options.localNetwork, memory: options.transports !== undefined });
    this.#store = new DhtStore({ clock, services, isKnown: (provider) => this.#book.keeps(bookPath(provider)) });
    this.#exchange = new Exchange({ clock, services }, options);
    this.#gossip = new Gossip({ clock, names: this.#names }, options);
  }

  async start(): Promise<void> {
    this.#running ??= this.#start();
    this.#now = await this.#running;
  }

  async stop(): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    this.#running = undefined;
    this.#now = undefined;
    if (running === undefined) return;
    const { host, dht } = running;
    // Services wait until their streams are written out, however long a peer takes nothing.
    using _stalled = this.#components.clock.after(OVERLAY_LIMITS.stopMs.value, () => {
      for (const connection of host.getConnections()) connection.abort(new Error("the overlay stops"));
    });
    await dht.stop();
    await host.stop();
    host.services.incoming.stop();
  }

  accept(socket: Socket, remote: { readonly host: string; readonly port: number }): void {
    if (this.#now !== undefined) {
      this.#now.host.services.incoming.accept(socket, remote);
      return;
    }
    socket.on("error", () => {});
    abortStream(socket);
  }

  connected(): readonly PeerId[] {
    const peers = this.#now?.host.getPeers() ?? [];
    return peers.map(fromLibp2p).filter((peer) => peer !== undefined);
  }

  addressOf(peer: PeerId): string | undefined {
    const open = this.#now?.host.getConnections(toLibp2p(peer)).find(({ status }) => status === "open");
    return open === undefined ? undefined : ipOf(open.remoteAddr);
  }

  async connect(address: string, signal?: AbortSignal): Promise<PeerId> {
    const target = readAddress(address);
    if (!address.includes("/p2p/")) {
      throw new BywayError("ERR_PEER_UNREACHABLE", `${address} does not say which peer is there`);
    }
    using _open = this.#gate.openFor(target);
    const connection = await this.#dialNamed(target, address, signal);
    const peer = fromLibp2p(connection.remotePeer);
    if (peer === undefined) throw new BywayError("ERR_PEER_UNREACHABLE", "the peer's key is of another kind");
    await this.#meet(connection, address, signal);
    return peer;
  }

  async ask(peer: PeerId, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const { host } = this.#active();
    const id = toLibp2p(peer);
    const [open] = host.getConnections(id).filter(({ status }) => status === "open");
    const connection = open ?? (await this.#dialKnown(peer, signal));
    let stream: Stream;
    try {
      const within = signal === undefined ? {} : { signal };
      stream = await connection.newStream(this.#names.directory, { ...within, maxOutboundStreams: 64 });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new BywayError("ERR_PEER_ANSWER", `${shortPeerId(peer)} takes no questions`, { cause });
    }
    return this.#exchange.ask(stream, peer, request, signal);
  }

  async learn(peer: PeerId, addresses: readonly string[], source: "told" | "signed" = "told"): Promise<void> {
    const multiaddrs = addresses.map(readAddress).filter((address) => this.#gate.allows(address));
    if (multiaddrs.length === 0) return;
    const { peerStore } = this.#active().host;
    if (source === "told") await peerStore.merge(toLibp2p(peer), { multiaddrs });
    else {
      const certified = multiaddrs.map((one) => ({ multiaddr: one, isCertified: true }));
      await peerStore.patch(toLibp2p(peer), { addresses: certified });
    }
  }

  async putRecord(peer: PeerId, envelope: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#active().dht.putRecord(peer, envelope, signal);
  }

  async getRecord(peer: PeerId, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#active().dht.getRecord(peer, signal);
  }

  async provide(key: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#active().dht.provide(key, signal);
  }

  async cancelProvide(key: Uint8Array): Promise<void> {
    await this.#active().dht.cancelProvide(key);
  }

  async providers(key: Uint8Array, limit: number, signal?: AbortSignal): Promise<readonly OverlayProvider[]> {
    return this.#active().dht.providers(key, limit, signal);
  }

  subscribe(topic: string, check: (message: Uint8Array, from: PeerId) => GossipVerdict): void {
    this.#gossip.subscribe(topic, check);
  }

  unsubscribe(topic: string): void {
    this.#gossip.unsubscribe(topic);
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    if (this.#now !== undefined) await this.#gossip.publish(topic, message);
  }

  estimatedPeers(): number | undefined {
    return this.#now?.dht.estimatedPeers();
  }

  async #start(): Promise<Running> {
    const { identity, clock, services } = this.#components;
    const clientMode = this.#options.mode === "client";
    const allowed = (address: Multiaddr): boolean => this.#gate.allows(address);
    const dhtParts = {
      clock,
      services,
      store: this.#store,
      mapPeer: <T extends { multiaddrs: Multiaddr[] }>(peer: T): T => ({
        ...peer,
        multiaddrs: peer.multiaddrs.filter(allowed),
      }),
    };
    const host = await createHost(
      {
        identity,
        clock,
        gate: this.#gate,
        book: this.#book,
        names: this.#names,
        dht: guardedDht(dhtParts, { protocol: this.#names.kad, clientMode }),
        gossip: this.#gossip.factory,
      },
      this.#options,
    );
    host.addEventListener("peer:identify", ({ detail }) => this.#hearOfOneself(detail));
    const kad = host.services.dht;
    const isConnected = (): boolean => host.getConnections().length > 0;
    const dht = new Dht({ kad, store: this.#store, clock, services, self: host.peerId, isConnected });
    if (!clientMode) await this.#serve(host);
    await host.start();
    this.#gossip.start();
    return { host, dht };
  }

  /** Only from peers that were dialled: whoever dials chooses whom to tell. */
  #hearOfOneself({ connection, observedAddr }: IdentifyResult): void {
    if (connection.direction !== "outbound" || observedAddr === undefined) return;
    const own = ipOf(observedAddr);
    const by = ipOf(connection.remoteAddr);
    if (own !== undefined && by !== undefined) this.#components.services.seenAt?.(own, by);
  }

  async #serve(host: Host): Promise<void> {
    const serve = (stream: Stream, connection: Connection): Promise<void> => this.#exchange.serve(stream, connection);
    await host.handle(this.#names.directory, serve, { maxInboundStreams: OVERLAY_LIMITS.requestStreams.value });
  }

  #active(): Running {
    if (this.#now === undefined) throw new BywayError("ERR_STOPPED", "the overlay does not run");
    return this.#now;
  }

  async #dialKnown(peer: PeerId, signal: AbortSignal | undefined): Promise<Connection> {
    const id = toLibp2p(peer);
    const known = await this.#active()
      .host.peerStore.get(id)
      .catch(() => undefined);
    // Few are tried: those that the peer signed come first, else who tells false ones of it could keep it from being reached.
    const addresses = (known?.addresses ?? [])
      .toSorted((a, b) => Number(b.isCertified) - Number(a.isCertified))
      .map(({ multiaddr }) => multiaddr.encapsulate(`/p2p/${id}`));
    if (addresses.length === 0) {
      throw new BywayError("ERR_PEER_UNREACHABLE", `no address is known for ${shortPeerId(peer)}`);
    }
    return this.#dial(addresses, shortPeerId(peer), signal);
  }

  /** A connection counts once the peer has proved its key: a host that has the name may be another peer's. */
  async #dialNamed(target: Multiaddr, what: string, signal: AbortSignal | undefined): Promise<Connection> {
    let failure: unknown;
    const { lookup: lookUp = lookup } = this.#components;
    const found = namedAddresses(target, this.#gate.guard(lookUp));
    const candidates = await withAbort(found, signal).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw dialFailure(what, cause);
    });
    for (const candidate of candidates) {
      try {
        return await this.#dial(candidate, what, signal);
      } catch (error) {
        signal?.throwIfAborted();
        failure ??= error;
      }
    }
    throw failure;
  }

  async #dial(target: Multiaddr | Multiaddr[], what: string, signal: AbortSignal | undefined): Promise<Connection> {
    const { host } = this.#active();
    try {
      return await withAbort(host.dial(target, signal === undefined ? {} : { signal }), signal);
    } catch (cause) {
      signal?.throwIfAborted();
      throw dialFailure(what, cause);
    }
  }

  /** Peers of two networks have no protocol in common: a connection of theirs would look like one, and be of no use. */
  async #meet(connection: Connection, what: string, signal: AbortSignal | undefined): Promise<void> {
    const within = signal === undefined ? {} : { signal };
    try {
      const stream = await connection.newStream(this.#names.directory, { ...within, maxOutboundStreams: 64 });
      stream.abort(new Error("it was only asked whether there is one"));
    } catch (cause) {
      signal?.throwIfAborted();
      const error = dialFailure(what, cause);
      connection.abort(error);
      throw error;
    }
  }
}

/** Reads a multiaddr with any form of peer id: libp2p knows `12D3Koo…` alone. Throws ERR_PEER_UNREACHABLE for anything else. */
function readAddress(text: string): Multiaddr {
  const [where = "", id] = text.split("/p2p/");
  try {
    return multiaddr(id === undefined ? where : `${where}/p2p/${toLibp2p(parsePeerId(id))}`);
  } catch (cause) {
    throw new BywayError("ERR_PEER_UNREACHABLE", `${text} is not the address of a peer`, { cause });
  }
}

/** Where libp2p's address book keeps a peer, given libp2p's text of its id. */
function bookPath(peer: string): string {
  return `/peers/${peerIdFromString(peer).toCID()}`;
}
