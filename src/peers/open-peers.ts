import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Random } from "../core/random.ts";
import type { GeoSource } from "../geo/geo-facts.ts";
import { IN_MEMORY } from "../storage/store-file.ts";
import { placeOf } from "./claims.ts";
import { ClockWords } from "./clock-words.ts";
import { PeerBook } from "./peer-book.ts";
import { PeerStore } from "./peer-store.ts";

/** How peers are kept. */
export interface OpenPeersOptions {
  /** The file that keeps what is known; in memory when absent. */
  readonly storePath?: string | undefined;
  /** Address data to hold claims against; claims are believed when absent. */
  readonly geo?: GeoSource | undefined;
  readonly localNetwork: boolean;
  /** A node's own peer id; absent for a client, which takes nobody's own word where it has another's. */
  readonly self?: string | undefined;
  /** Multiaddrs that the operator named, which end in a peer id. */
  readonly bootstrap?: readonly string[] | undefined;
  /** Told of each advertisement of `self` that somebody sends. */
  readonly onOwn?: ((envelope: Uint8Array) => void) | undefined;
}

/** The peers that are known, and the file behind them. */
export interface OpenedPeers {
  readonly book: PeerBook;
  readonly store: PeerStore;
  readonly geo: GeoSource;
  /** What others show of the time. */
  readonly clockWords: ClockWords;
  /** Writes what waits and closes the file. Idempotent. */
  stop(): void;
}

const NO_DATA: GeoSource = { lookup: () => ({ hosting: "unknown" }) };

/** Opens the book of known peers. Throws ERR_STORE. */
export function openPeers(
  components: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  { storePath = IN_MEMORY, geo = NO_DATA, localNetwork, self, bootstrap = [], onOwn }: OpenPeersOptions,
): OpenedPeers {
  const store = new PeerStore(components, { path: storePath });
  const book = new PeerBook(
    { ...components, store, place: (advertisement) => placeOf(advertisement, geo), ...(onOwn && { onOwn }) },
    { localNetwork, ...(self === undefined ? { ownWordCounts: false } : { self }) },
  );
  book.start();
  return {
    book,
    store,
    geo,
    clockWords: new ClockWords(components, { localNetwork, bootstrap }),
    stop() {
      book.stop();
      store.close();
    },
  };
}
