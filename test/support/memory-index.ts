import type { IndexOverlay } from "../../src/discovery/index-shard.ts";
import type { PeerId } from "../../src/identity/peer-id.ts";
import type { OverlayProvider } from "../../src/overlay/overlay.ts";

interface Entry {
  readonly provider: OverlayProvider;
  untilMs: number;
}

/** One key: who is named, and whose names are on their way to those who store it. */
interface Key {
  readonly entries: Map<PeerId, Entry>;
  readonly coming: { readonly provider: OverlayProvider; readonly atMs: number }[];
}

/** How the keys of a `MemoryIndex` behave. */
export interface MemoryIndexOptions {
  /** How long it takes until others see a provider. */
  readonly delayMs?: number;
  /** How long a provider that is no longer renewed stays named. */
  readonly validMs?: number;
  /** How many providers a key holds; the oldest of the most crowded network makes room. */
  readonly keyPeers?: number;
}

/** The index part of an overlay in one process: who is named under which key, on a clock that the caller sets. */
export class MemoryIndex {
  nowMs = 0;
  /** Keys read so far. */
  reads = 0;
  /** Of them, by key. */
  readonly readsByKey: Map<string, number> = new Map();
  readonly #keys = new Map<string, Key>();
  readonly #options: MemoryIndexOptions;

  constructor(options: MemoryIndexOptions = {}) {
    this.#options = options;
  }

  /** The overlay as `peer` sees it. */
  overlayOf(peer: PeerId, addresses: readonly string[] = []): IndexOverlay {
    return {
      provide: async (key) => {
        const atMs = this.nowMs + (this.#options.delayMs ?? 0);
        this.#at(key).coming.push({ provider: { peerId: peer, addresses }, atMs });
      },
      cancelProvide: async (key) => this.leave(key, peer),
      providers: async (key, limit, signal) => {
        signal?.throwIfAborted();
        this.reads += 1;
        const name = keyName(key);
        this.readsByKey.set(name, (this.readsByKey.get(name) ?? 0) + 1);
        return this.named(key)
          .filter(({ peerId }) => peerId !== peer)
          .slice(0, limit);
      },
    };
  }

  /** `peer` is gone: what names it under `key` is renewed no more. */
  leave(key: Uint8Array, peer: PeerId): void {
    const entry = this.#at(key).entries.get(peer);
    if (entry !== undefined) entry.untilMs = Math.min(entry.untilMs, this.nowMs + (this.#options.validMs ?? 0));
  }

  /** Peers named under `key` now. */
  named(key: Uint8Array): readonly OverlayProvider[] {
    const named: OverlayProvider[] = [];
    for (const { provider, untilMs } of this.#at(key).entries.values()) if (untilMs > this.nowMs) named.push(provider);
    return named;
  }

  #at(key: Uint8Array): Key {
    const name = keyName(key);
    const found = this.#keys.get(name) ?? { entries: new Map(), coming: [] };
    this.#keys.set(name, found);
    while ((found.coming[0]?.atMs ?? Number.POSITIVE_INFINITY) <= this.nowMs) {
      const next = found.coming.shift();
      if (next !== undefined) this.#store(found.entries, next.provider);
    }
    return found;
  }

  #store(entries: Map<PeerId, Entry>, provider: OverlayProvider): void {
    const { keyPeers = Number.POSITIVE_INFINITY } = this.#options;
    if (entries.size >= keyPeers) {
      for (const [peer, { untilMs }] of entries) if (untilMs <= this.nowMs) entries.delete(peer);
    }
    entries.delete(provider.peerId);
    entries.set(provider.peerId, { provider, untilMs: Number.POSITIVE_INFINITY });
    if (entries.size > keyPeers) entries.delete(oldestOfTheMostCrowded(entries));
  }
}

/** The /16 of an `/ip4/` multiaddr; undefined for anything else. */
export function networkOfProvider({ addresses }: OverlayProvider): string | undefined {
  return /^\/ip4\/(\d+\.\d+)\./.exec(addresses[0] ?? "")?.[1];
}

function oldestOfTheMostCrowded(entries: ReadonlyMap<PeerId, Entry>): PeerId {
  const crowds = Map.groupBy(entries.values(), ({ provider }) => networkOfProvider(provider) ?? provider.peerId);
  let largest: readonly Entry[] = [];
  for (const crowd of crowds.values()) if (crowd.length > largest.length) largest = crowd;
  const [oldest] = largest;
  if (oldest === undefined) throw new Error("there is no entry");
  return oldest.provider.peerId;
}

function keyName(key: Uint8Array): string {
  return Buffer.from(key).toString("latin1");
}
