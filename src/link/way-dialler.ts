import type { Duplex } from "node:stream";
import { BywayError } from "../core/errors.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { Way, WayComponents, WayKind } from "./way.ts";
import { WAY_KINDS } from "./way-kinds.ts";

/** Reaches peers. */
export interface PeerDialler {
  /** Connects to where a peer should be, by one way. The caller owns the stream. Throws hop errors, or the abort reason. */
  reach(way: Way, peerId: PeerId, signal: AbortSignal): Promise<Duplex>;
}

/** Reaches peers by the kinds of ways that there are. */
export class WayDialler implements PeerDialler {
  readonly #components: WayComponents;
  readonly #kinds: ReadonlyMap<string, WayKind>;

  constructor(components: WayComponents, kinds: readonly WayKind[] = WAY_KINDS) {
    this.#components = components;
    this.#kinds = new Map(kinds.map((one) => [one.kind, one]));
  }

  async reach(way: Way, peerId: PeerId, signal: AbortSignal): Promise<Duplex> {
    const kind = this.#kinds.get(way.kind);
    if (kind === undefined)
      throw new BywayError("ERR_HOP_UNREACHABLE", "this version does not know the way to the peer");
    return kind.reach(this.#components, way, peerId, signal);
  }
}
