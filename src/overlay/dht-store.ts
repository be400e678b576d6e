import { AsyncLocalStorage } from "node:async_hooks";
import { Record as DhtRecord } from "@libp2p/kad-dht";
import { base32 } from "multiformats/bases/base32";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { type PeerId, parsePeerId } from "../identity/peer-id.ts";
import { FairStore } from "./fair-store.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import { type DatastoreKey, type DatastorePair, MemoryDatastore } from "./memory-datastore.ts";
import type { OverlayServices } from "./overlay.ts";

const RECORDS = "/dht/record/";
const PROVIDERS = "/dht/provider/";
const NAMESPACE = "/byway/";

interface Kept extends DatastorePair {
  readonly sinceMs: number;
}

/** The DHT key of a peer's record. */
export function recordKey(peer: PeerId): Uint8Array {
  return Buffer.from(`${NAMESPACE}${peer}`);
}

/** The peer of a record's DHT key; throws ERR_DIRECTORY_MESSAGE for any other key. */
export function peerOfRecordKey(key: Uint8Array): PeerId {
  const text = Buffer.from(key).toString("latin1");
  const id = text.slice(NAMESPACE.length);
  const peer = text.startsWith(NAMESPACE) ? parsePeerId(id) : undefined;
  if (peer === undefined || peer !== id) throw new BywayError("ERR_DIRECTORY_MESSAGE", "not the key of a record");
  return peer;
}

/**
 * What this peer keeps of the DHT: kad-dht itself has no bounds and lets an older record replace a newer one, so the
 * store that it is handed refuses that, and shares its room out fairly among the networks that fill it.
 */
export class DhtStore extends MemoryDatastore {
  readonly #clock: Clock;
  readonly #services: Pick<OverlayServices, "checkRecord" | "newestRecord">;
  readonly #isKnown: (provider: string) => boolean;
  readonly #asker = new AsyncLocalStorage<string>();
  readonly #records = new FairStore<Kept>(OVERLAY_LIMITS.records.value);
  readonly #providers = new FairStore<Kept>(OVERLAY_LIMITS.providers.value);
  /** The same entries by key of the index. */
  readonly #index = new Map<string, FairStore<Kept>>();
  /** What this peer itself put or provides: not bounded by strangers. */
  readonly #own = new Map<string, Kept>();

  /** `isKnown` says of a provider (libp2p's id) whether its addresses are known: others cannot be told. */
  constructor(components: {
    clock: Clock;
    services: Pick<OverlayServices, "checkRecord" | "newestRecord">;
    isKnown: (provider: string) => boolean;
  }) {
    super();
    this.#clock = components.clock;
    this.#services = components.services;
    this.#isKnown = components.isKnown;
  }

  /** How many records and entries of strangers are kept. */
  get size(): { readonly records: number; readonly providers: number } {
    return { records: this.#records.size, providers: this.#providers.size };
  }

  /** Runs what a stranger asked for; what it stores is held to the share of `network`, where the stranger comes from. */
  onBehalfOf<T>(network: string, run: () => T): T {
    return this.#asker.run(network, run);
  }

  /** The envelope that is kept for a peer. */
  record(peer: PeerId): Uint8Array | undefined {
    // kad-dht writes its keys in multibase base32 without the letter that names the base.
    const pair = this.find(`${RECORDS}${base32.encode(recordKey(peer)).slice(1)}`);
    return pair === undefined ? undefined : DhtRecord.deserialize(pair.value).value;
  }

  override put(key: DatastoreKey, value: Uint8Array): DatastoreKey {
    const path = key.toString();
    const network = this.#asker.getStore();
    const kept = { key, value, sinceMs: this.#clock.monotonicMs() };
    if (path.startsWith(RECORDS)) this.#putRecord(path, kept, network);
    else if (path.startsWith(PROVIDERS)) this.#putProvider(path, kept, network);
    else throw new BywayError("ERR_DIRECTORY_MESSAGE", "the DHT keeps records and index entries only");
    return key;
  }

  override delete(key: DatastoreKey): void {
    const path = key.toString();
    this.#own.delete(path);
    this.#records.delete(path);
    this.#deleteProvider(path);
  }

  protected override find(path: string): DatastorePair | undefined {
    const kept = this.#own.get(path) ?? this.#records.get(path) ?? this.#providers.get(path);
    if (kept === undefined || !path.startsWith(RECORDS)) return kept;
    try {
      const { key, value } = DhtRecord.deserialize(kept.value);
      this.#services.checkRecord(peerOfRecordKey(key), value);
      return kept;
    } catch {
      this.delete(kept.key);
      return undefined;
    }
  }

  protected override *below(prefix: string): Iterable<DatastorePair> {
    const paths = prefix.endsWith("/") ? prefix : `${prefix}/`;
    for (const kept of this.#own.values()) if (kept.key.toString().startsWith(paths)) yield kept;
    const index = this.#index.get(paths.slice(0, -1));
    const strangers = index?.values() ?? (PROVIDERS.startsWith(paths) ? this.#providers.values() : []);
    for (const kept of strangers) {
      const path = kept.key.toString();
      const ageMs = this.#clock.monotonicMs() - kept.sinceMs;
      if (ageMs > OVERLAY_LIMITS.providerMs.value || !this.#isKnown(lastPart(path))) this.#deleteProvider(path);
      else yield kept;
    }
  }

  #putRecord(path: string, kept: Kept, network: string | undefined): void {
    const fresh = DhtRecord.deserialize(kept.value);
    const old = this.find(path);
    if (old !== undefined) {
      const oldest = DhtRecord.deserialize(old.value);
      // Whoever puts an older one, or the same again, is answered as if it were stored: it did nothing wrong.
      if (this.#services.newestRecord([oldest.value, fresh.value]) === 0) return;
    }
    if (network === undefined) this.#own.set(path, kept);
    else if (this.#own.has(path)) this.#own.set(path, kept);
    else this.#records.set(path, kept, network);
  }

  #putProvider(path: string, kept: Kept, network: string | undefined): void {
    if (network === undefined) {
      this.#own.set(path, kept);
      return;
    }
    const key = path.slice(0, path.lastIndexOf("/"));
    const index = this.#index.get(key) ?? new FairStore<Kept>(OVERLAY_LIMITS.providersPerKey.value);
    this.#index.set(key, index);
    for (const gone of [index.set(path, kept, network), this.#providers.set(path, kept, network)]) {
      if (gone !== undefined) this.#deleteProvider(gone);
    }
  }

  #deleteProvider(path: string): void {
    const key = path.slice(0, path.lastIndexOf("/"));
    this.#providers.delete(path);
    const index = this.#index.get(key);
    index?.delete(path);
    if (index?.size === 0) this.#index.delete(key);
  }
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
