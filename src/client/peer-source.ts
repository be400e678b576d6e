import type { Directory } from "../directory/directory.ts";
import type { KnownPeer } from "../directory/known-peer.ts";
import { DIRECTORY_LIMITS } from "../directory/limits.ts";
import type { PeerBook } from "../directory/peer-book.ts";
import type { PeerWish } from "../wire/peer-wish.ts";

/** Where a client's nodes come from. */
export interface PeerSources {
  readonly directory: Directory | undefined;
  readonly book: PeerBook;
  /** Peers that the caller of the library adds. */
  readonly more: (() => readonly KnownPeer[]) | undefined;
}

/** All nodes that a client may use, whoever told of them. */
export class PeerSource {
  readonly #sources: PeerSources;

  constructor(sources: PeerSources) {
    this.#sources = sources;
  }

  /** Nodes to plan with; those that fit `wish` as far as there are any. */
  candidates(wish: PeerWish): readonly KnownPeer[] {
    const { directory, book, more } = this.#sources;
    const known = directory?.candidates(wish) ?? book.find({}, DIRECTORY_LIMITS.currentPeers.value, "random");
    return [...known, ...(more?.() ?? [])];
  }

  /** Looks for nodes that fit; false where there is nobody to ask. Throws ERR_NETWORK_UNREACHABLE or the abort reason. */
  async find(wish: PeerWish, hops: number, signal: AbortSignal): Promise<boolean> {
    await this.#sources.directory?.find(wish, hops, signal);
    return this.#sources.directory !== undefined;
  }

  /** A node seems to have failed in use: it is asked whether it still answers. */
  doubt(peer: string): void {
    this.#sources.directory?.doubt(peer);
  }

  /** Nodes that fit will be wanted. */
  expect(wish: PeerWish): void {
    this.#sources.directory?.expect(wish);
  }
}
