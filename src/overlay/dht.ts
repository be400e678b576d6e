import { createHash } from "node:crypto";
import type { PeerId as Libp2pPeerId, TypedEventTarget } from "@libp2p/interface";
import { type KadDHT, MessageType, type QueryEvent } from "@libp2p/kad-dht";
import type { Multiaddr } from "@multiformats/multiaddr";
import { CID } from "multiformats/cid";
import * as Digest from "multiformats/hashes/digest";
import { deadline, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { type DhtStore, recordKey } from "./dht-store.ts";
import { fromLibp2p } from "./libp2p-identity.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import { estimateNetworkSize } from "./network-size.ts";
import type { OverlayProvider, OverlayServices } from "./overlay.ts";
import { roundRobin } from "./round-robin.ts";

/** What of kad-dht's class its published interface leaves out. */
interface KadInternals {
  readonly routingTable: TypedEventTarget<{
    "peer:add": CustomEvent<Libp2pPeerId>;
    "peer:remove": CustomEvent<Libp2pPeerId>;
  }> & {
    readonly size: number;
    closestPeers(kadId: Uint8Array, options?: { count?: number }): Iterable<Libp2pPeerId>;
    remove(peer: Libp2pPeerId): Promise<void>;
  };
  readonly network: {
    sendRequest(
      to: Libp2pPeerId,
      message: { readonly type: MessageType; readonly key: Uint8Array },
      options: { signal: AbortSignal; path: QueryEvent["path"] },
    ): AsyncIterable<QueryEvent>;
  };
}

const SHA2_256 = 0x12;
const RAW = 0x55;
const NO_PATH = { index: -1, queued: 0, running: 0, total: 0 };

/** Records and index on the DHT, over a started kad-dht service. */
export class Dht {
  readonly #kad: KadDHT & KadInternals;
  readonly #store: DhtStore;
  readonly #clock: Clock;
  readonly #services: OverlayServices;
  readonly #self: Libp2pPeerId;
  readonly #isConnected: () => boolean;
  readonly #stopping = new AbortController();
  /** What runs in the background: corrections, and the look-up of own neighbours. */
  readonly #background = new Set<Promise<void>>();
  /** How many neighbours there are at each length of common prefix. */
  readonly #neighbours = new Map<number, Set<string>>();
  #joined = false;

  constructor(components: {
    kad: KadDHT;
    store: DhtStore;
    clock: Clock;
    services: OverlayServices;
    self: Libp2pPeerId;
    /** Whether anybody is connected. */
    isConnected: () => boolean;
  }) {
    this.#kad = components.kad as KadDHT & KadInternals;
    this.#store = components.store;
    this.#clock = components.clock;
    this.#services = components.services;
    this.#self = components.self;
    this.#isConnected = components.isConnected;
    this.#kad.routingTable.addEventListener("peer:add", ({ detail }) => this.#added(detail));
    this.#kad.routingTable.addEventListener("peer:remove", ({ detail }) => {
      this.#neighbours.get(this.#commonPrefix(detail))?.delete(detail.toString());
      if (this.neighbours === 0) this.#joined = false;
    });
  }

  /** Neighbours in the table. */
  get neighbours(): number {
    return this.#kad.routingTable.size;
  }

  async putRecord(peer: PeerId, envelope: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#query(signal, async (within) => {
      for await (const _ of this.#kad.put(recordKey(peer), envelope, { signal: within }));
    });
  }

  async getRecord(peer: PeerId, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const local = this.#store.record(peer);
    const found: Uint8Array[] = local === undefined ? [] : [local];
    await this.#query(signal, async (within) => {
      for await (const event of this.#kad.get(recordKey(peer), { signal: within })) {
        // Where kad-dht starts to correct others: it gives up at the first that does not take it, so we do that ourselves.
        if (event.path.index === -1) break;
        if (event.name === "PEER_RESPONSE" && event.record !== undefined) found.push(event.record.value);
      }
    });
    const newest = found[found.length > 0 ? this.#services.newestRecord(found) : 0];
    if (newest === undefined) return undefined;
    if (found.some((one) => Buffer.compare(one, newest) !== 0)) this.#correct(peer, newest);
    return new Uint8Array(newest);
  }

  async provide(key: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#query(signal, async (within) => {
      for await (const _ of this.#kad.provide(cidOf(key), { signal: within }));
    });
  }

  async cancelProvide(key: Uint8Array): Promise<void> {
    await this.#kad.cancelReprovide(cidOf(key));
  }

  /** Asks all peers that are closest to the key, and takes from their answers in turn: no one of them can fill the list. */
  async providers(key: Uint8Array, limit: number, signal?: AbortSignal): Promise<readonly OverlayProvider[]> {
    const target = cidOf(key).multihash.bytes;
    const answers: OverlayProvider[][] = [];
    await this.#query(signal, async (within) => {
      const closest: Libp2pPeerId[] = [];
      for await (const event of this.#kad.getClosestPeers(target, { signal: within })) {
        if (event.name === "FINAL_PEER") closest.push(event.peer.id);
      }
      await Promise.all(closest.map(async (to) => answers.push(await this.#askProviders(to, target, within))));
    });
    return roundRobin(answers, ({ peerId }) => peerId).slice(0, limit);
  }

  estimatedPeers(): number | undefined {
    const closest = [...this.#kad.routingTable.closestPeers(kadId(this.#self))].map(kadId);
    return estimateNetworkSize(kadId(this.#self), closest, this.neighbours);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new BywayError("ERR_STOPPED", "the overlay stops"));
    await Promise.all(this.#background);
  }

  async #askProviders(to: Libp2pPeerId, key: Uint8Array, signal: AbortSignal): Promise<OverlayProvider[]> {
    const found: OverlayProvider[] = [];
    const request = { type: MessageType.GET_PROVIDERS, key };
    for await (const event of this.#kad.network.sendRequest(to, request, { signal, path: NO_PATH })) {
      if (event.name !== "PEER_RESPONSE") continue;
      for (const { id, multiaddrs } of event.providers) {
        const peerId = fromLibp2p(id);
        if (peerId === undefined || id.equals(this.#self)) continue;
        found.push({ peerId, addresses: [...new Set(multiaddrs.map(withoutPeer))] });
      }
    }
    return found;
  }

  /** Puts the newest record again for those who had an older one. */
  #correct(peer: PeerId, envelope: Uint8Array): void {
    if (this.#background.size >= OVERLAY_LIMITS.corrections.value) return;
    this.#run(() => this.#store.onBehalfOf("", () => this.putRecord(peer, envelope, this.#stopping.signal)));
  }

  /** Looks for the peers next to us, as soon as one peer is known: kad-dht does that only every five minutes. */
  #join(): void {
    this.#joined = true;
    this.#run(() =>
      this.#query(this.#stopping.signal, async (signal) => {
        for await (const _ of this.#kad.getClosestPeers(this.#self.toMultihash().bytes, { signal }));
      }),
    );
  }

  #run(task: () => Promise<void>): void {
    const done: Promise<void> = task()
      .catch(() => {})
      .finally(() => this.#background.delete(done));
    this.#background.add(done);
  }

  /** Runs a look-up within its time. What goes wrong on the way is a stranger's doing; only our own abort is thrown. */
  async #query(parent: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    parent?.throwIfAborted();
    const late = (): BywayError => new BywayError("ERR_PEER_ANSWER", "the look-up took too long");
    using limit = deadline(this.#clock, OVERLAY_LIMITS.dhtQueryMs.value, late, parent, this.#stopping.signal);
    try {
      await this.#firstNeighbour(limit.signal);
      await run(limit.signal);
    } catch {
      parent?.throwIfAborted();
    }
  }

  /** A connection becomes a neighbour only when both have said who they are; without waiting, a first look-up finds nobody. */
  async #firstNeighbour(signal: AbortSignal): Promise<void> {
    if (this.neighbours > 0 || !this.#isConnected()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#clock.after(OVERLAY_LIMITS.firstNeighbourMs.value, resolve);
    const found = (): void => resolve();
    this.#kad.routingTable.addEventListener("peer:add", found);
    try {
      await withAbort(promise, signal);
    } finally {
      this.#kad.routingTable.removeEventListener("peer:add", found);
    }
  }

  #added(peer: Libp2pPeerId): void {
    const length = this.#commonPrefix(peer);
    const peers = this.#neighbours.get(length) ?? new Set();
    this.#neighbours.set(length, peers.add(peer.toString()));
    if (!this.#joined && !peer.equals(this.#self)) this.#join();
    if (peers.size > OVERLAY_LIMITS.peersPerDistance.value) this.#kad.routingTable.remove(peer).catch(() => {});
  }

  #commonPrefix(peer: Libp2pPeerId): number {
    const other = kadId(peer);
    const own = kadId(this.#self);
    const at = own.findIndex((byte, index) => byte !== other[index]);
    return at === -1 ? own.length * 8 : at * 8 + Math.clz32((own[at] ?? 0) ^ (other[at] ?? 0)) - 24;
  }
}

function withoutPeer(address: Multiaddr): string {
  return address.toString().split("/p2p/")[0] ?? "";
}

/** Where a peer stands in the DHT: SHA-256 of its id's multihash (libp2p kad-dht specification). */
function kadId(peer: Libp2pPeerId): Uint8Array {
  return createHash("sha256").update(peer.toMultihash().bytes).digest();
}

function cidOf(key: Uint8Array): CID {
  if (key.length !== 32) throw new BywayError("ERR_INTERNAL", "a key of the index is a SHA-256");
  return CID.createV1(RAW, Digest.create(SHA2_256, key));
}
