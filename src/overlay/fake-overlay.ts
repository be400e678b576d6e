import type { Socket } from "node:net";
import { withAbort } from "../core/abort.ts";
import { BywayError } from "../core/errors.ts";
import { type PeerId, parsePeerId, shortPeerId } from "../identity/peer-id.ts";
import type { GossipVerdict, Overlay, OverlayProvider, OverlayServices } from "./overlay.ts";

/** What all fakes of one network share: who runs where, the records and the index. */
export class FakeOverlayHub {
  /** Running overlays by peer. */
  readonly running: Map<PeerId, FakeOverlay> = new Map();
  /** How many of them others can reach. */
  get servers(): number {
    return [...this.running.values()].filter(({ addresses }) => addresses.length > 0).length;
  }
  readonly records: Map<PeerId, Uint8Array> = new Map();
  /** Peers under each key of the index (hex), in the order of naming. */
  readonly index: Map<string, Set<PeerId>> = new Map();
}

type Check = (message: Uint8Array, from: PeerId) => GossipVerdict;

/**
 * An `Overlay` in one process whose messages arrive at once; for tests. No sockets, no timers, no randomness.
 *
 * Records, index and gossip need at least one connection, as they do in life. A record is shared by all from its put on.
 */
export class FakeOverlay implements Overlay {
  readonly peerId: PeerId;
  /** Multiaddrs where others reach it, without peer id; empty for a client. */
  readonly addresses: readonly string[];
  /** What each peer that sent a message which `check` rejected is held to account for. */
  readonly rejected: Map<PeerId, number> = new Map();
  readonly #hub: FakeOverlayHub;
  readonly #services: OverlayServices;
  readonly #links = new Set<PeerId>();
  readonly #book = new Map<PeerId, Set<string>>();
  readonly #checks = new Map<string, Check>();

  constructor(
    components: { hub: FakeOverlayHub; services: OverlayServices },
    options: { peerId: PeerId; addresses?: readonly string[] },
  ) {
    this.#hub = components.hub;
    this.#services = components.services;
    this.peerId = options.peerId;
    this.addresses = options.addresses ?? [];
  }

  async start(): Promise<void> {
    this.#hub.running.set(this.peerId, this);
  }

  async stop(): Promise<void> {
    if (this.#hub.running.get(this.peerId) === this) this.#hub.running.delete(this.peerId);
    for (const other of this.#hub.running.values()) other.#links.delete(this.peerId);
    this.#links.clear();
    for (const peers of this.#hub.index.values()) peers.delete(this.peerId);
  }

  accept(socket: Socket): void {
    socket.destroy();
  }

  connected(): readonly PeerId[] {
    return [...this.#links];
  }

  addressOf(peer: PeerId): string | undefined {
    if (!this.#links.has(peer)) return undefined;
    return ipOf(this.#hub.running.get(peer)?.addresses[0]);
  }

  async connect(address: string, signal?: AbortSignal): Promise<PeerId> {
    signal?.throwIfAborted();
    const [where = "", id] = address.split("/p2p/");
    const other = [...this.#hub.running.values()].find(({ addresses }) => addresses.includes(where));
    if (id === undefined || other?.peerId !== parsePeerId(id) || !this.#runs()) {
      throw new BywayError("ERR_PEER_UNREACHABLE", `nobody of that name answers at ${where}`);
    }
    this.#links.add(other.peerId);
    other.#links.add(this.peerId);
    return other.peerId;
  }

  async ask(peer: PeerId, request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const other = this.#hub.running.get(peer);
    const known = other?.addresses.some((address) => this.#book.get(peer)?.has(address)) ?? false;
    if (other === undefined || !this.#runs() || !(this.#links.has(peer) || known)) {
      throw new BywayError("ERR_PEER_UNREACHABLE", `${shortPeerId(peer)} cannot be reached`);
    }
    this.#links.add(peer);
    other.#links.add(this.peerId);
    try {
      const asker = { peerId: this.peerId, address: ipOf(this.addresses[0]) };
      return await withAbort(Promise.resolve(other.#services.answer(asker, request)), signal);
    } catch (cause) {
      signal?.throwIfAborted();
      throw new BywayError("ERR_PEER_ANSWER", `${shortPeerId(peer)} did not answer`, { cause });
    }
  }

  async learn(peer: PeerId, addresses: readonly string[]): Promise<void> {
    const known = this.#book.get(peer) ?? new Set();
    for (const address of addresses) known.add(address);
    this.#book.set(peer, known);
  }

  async putRecord(peer: PeerId, envelope: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#links.size === 0 || !this.#valid(peer, envelope)) return;
    const old = this.#hub.records.get(peer);
    if (old === undefined || this.#services.newestRecord([old, envelope]) === 1) this.#hub.records.set(peer, envelope);
  }

  async getRecord(peer: PeerId, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    signal?.throwIfAborted();
    const record = this.#hub.records.get(peer);
    return this.#links.size > 0 && record !== undefined && this.#valid(peer, record) ? record : undefined;
  }

  async provide(key: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#links.size === 0) return;
    const name = Buffer.from(key).toString("hex");
    const peers = this.#hub.index.get(name) ?? new Set();
    this.#hub.index.set(name, peers.add(this.peerId));
  }

  async cancelProvide(key: Uint8Array): Promise<void> {
    this.#hub.index.get(Buffer.from(key).toString("hex"))?.delete(this.peerId);
  }

  async providers(key: Uint8Array, limit: number, signal?: AbortSignal): Promise<readonly OverlayProvider[]> {
    signal?.throwIfAborted();
    if (this.#links.size === 0) return [];
    const peers = [...(this.#hub.index.get(Buffer.from(key).toString("hex")) ?? [])];
    const others = peers.filter((peer) => peer !== this.peerId).slice(0, limit);
    return others.map((peerId) => ({ peerId, addresses: this.#hub.running.get(peerId)?.addresses ?? [] }));
  }

  subscribe(topic: string, check: Check): void {
    this.#checks.set(topic, check);
  }

  unsubscribe(topic: string): void {
    this.#checks.delete(topic);
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    const told = new Set<FakeOverlay>([this]);
    for (const teller of told) {
      for (const peer of teller.#links) {
        const hearer = this.#hub.running.get(peer);
        if (hearer !== undefined && !told.has(hearer) && hearer.#hear(topic, message, teller.peerId)) told.add(hearer);
      }
    }
  }

  estimatedPeers(): number | undefined {
    if (this.#links.size === 0) return undefined;
    return this.#hub.servers - (this.addresses.length > 0 ? 1 : 0);
  }

  /** Whether the message is to be passed on. */
  #hear(topic: string, message: Uint8Array, from: PeerId): boolean {
    const verdict = this.#checks.get(topic)?.(message, from);
    if (verdict === "reject") this.rejected.set(from, (this.rejected.get(from) ?? 0) + 1);
    return verdict === "accept";
  }

  #runs(): boolean {
    return this.#hub.running.get(this.peerId) === this;
  }

  #valid(peer: PeerId, envelope: Uint8Array): boolean {
    try {
      this.#services.checkRecord(peer, envelope);
      return true;
    } catch {
      return false;
    }
  }
}

function ipOf(address: string | undefined): string | undefined {
  return /^\/ip[46]\/([^/]+)/.exec(address ?? "")?.[1];
}
