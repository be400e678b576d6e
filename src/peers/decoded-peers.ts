import { toBywayError } from "../core/errors.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { readAdvertisement } from "./signed-advertisement.ts";

interface Decoded {
  readonly envelope: Uint8Array;
  readonly advertisement: Advertisement;
}

/** Decoded advertisements, those used last: the same envelope gives the same object as long as it is here. */
export class DecodedPeers {
  readonly #localNetwork: boolean;
  readonly #capacity: number;
  readonly #peers = new Map<string, Decoded>();

  constructor(options: { localNetwork: boolean; capacity?: number }) {
    this.#localNetwork = options.localNetwork;
    this.#capacity = options.capacity ?? PEERS_LIMITS.decodedPeers.value;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Keeps what has just been verified. */
  keep(advertisement: Advertisement, envelope: Uint8Array): void {
    this.#peers.delete(advertisement.peer);
    this.#peers.set(advertisement.peer, { envelope, advertisement });
    if (this.#peers.size <= this.#capacity) return;
    for (const oldest of this.#peers.keys()) {
      this.#peers.delete(oldest);
      break;
    }
  }

  /**
   * What an envelope says that was verified when it came in, perhaps by another process long ago; undefined where the
   * file was damaged since, or where it was a local network's and this one is not.
   */
  open(peer: string, envelope: Uint8Array): Advertisement | undefined {
    const held = this.#peers.get(peer);
    if (held !== undefined && Buffer.compare(held.envelope, envelope) === 0) {
      this.keep(held.advertisement, held.envelope);
      return held.advertisement;
    }
    try {
      const advertisement = readAdvertisement(envelope, { localNetwork: this.#localNetwork });
      if (advertisement.peer !== peer) return undefined;
      this.keep(advertisement, envelope);
      return advertisement;
    } catch (error) {
      if (toBywayError(error).code === "ERR_INTERNAL") throw error;
      return undefined;
    }
  }
}
