import { createHash } from "node:crypto";
import type { PeerId } from "../identity/peer-id.ts";
import type { Overlay, OverlayProvider } from "../overlay/overlay.ts";
import { indexKey } from "./index-key.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/** What the index needs of the overlay. */
export type IndexOverlay = Pick<Overlay, "provide" | "cancelProvide" | "providers">;

/** Which index to read, and how. */
export interface IndexOptions {
  /** ISO 3166-1 alpha-2, lower case, or `NO_COUNTRY`. */
  readonly country: string;
  /** The /16 or /32 of a provider; undefined for one that belongs to no crowd, as all do on a local network. */
  readonly networkOf: (provider: OverlayProvider) => string | undefined;
  readonly signal?: AbortSignal;
}

/** What stands under one key of the index. */
export interface IndexShard {
  /** Those that count first, then the rest of each crowd. */
  readonly providers: readonly OverlayProvider[];
  /** How many of them count: at most `indexPerNetwork` of one network. */
  readonly counted: number;
}

/** Reads the shard at `prefix`: each provider once, at most twice as many as make it over-full. Throws the abort reason. */
export async function readShard(overlay: IndexOverlay, prefix: string, options: IndexOptions): Promise<IndexShard> {
  const limit = 2 * DISCOVERY_LIMITS.indexOverfullPeers.value;
  const named = await overlay.providers(indexKey(options.country, prefix), limit, options.signal);
  const providers = [...new Map(named.map((provider) => [provider.peerId, provider])).values()];
  const crowds = new Map<string, number>();
  const counts = (provider: OverlayProvider): boolean => {
    const network = options.networkOf(provider);
    if (network === undefined) return true;
    const count = (crowds.get(network) ?? 0) + 1;
    crowds.set(network, count);
    return count <= DISCOVERY_LIMITS.indexPerNetwork.value;
  };
  const { counted = [], rest = [] } = Object.groupBy(providers, (one) => (counts(one) ? "counted" : "rest"));
  return { providers: [...counted, ...rest], counted: counted.length };
}

/** The place of a peer in the order in which the peers of a shard may stay: the lowest first, the same for all who ask. */
export function rankInShard(prefix: string, peer: PeerId): number {
  return createHash("sha256").update(`${prefix}/${peer}`).digest().readUIntBE(0, 6);
}
