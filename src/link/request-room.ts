import { BywayError } from "../core/errors.ts";
import { addressNetwork } from "./address-crowd.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { LinkSession } from "./link-session.ts";

/** How many bytes of requests may wait for their answers. */
export interface RequestBounds {
  readonly most: number;
  /** For those of one /24 or /48. */
  readonly mostPerNetwork: number;
  readonly mostPerLink: number;
}

const FOR_NODE: RequestBounds = {
  most: LINK_LIMITS.waitingRequestBytes.value,
  mostPerNetwork: LINK_LIMITS.waitingRequestBytesPerNetwork.value,
  mostPerLink: LINK_LIMITS.waitingRequestBytesPerLink.value,
};

interface HeldByLink {
  bytes: number;
  /** Of the link's far end; empty where it has no address. */
  readonly network: string;
}

/** Bytes of a header list as RFC 9113 §6.5.2 counts them; `raw` is names and values by turns. */
export function headerListBytes(raw: readonly string[]): number {
  let bytes = 16 * raw.length;
  for (const part of raw) bytes += part.length;
  return bytes;
}

/** Bounds the header bytes of requests that wait for their answers: for all, for one network of addresses, and for one link. */
export class RequestRoom {
  readonly #bounds: RequestBounds;
  readonly #links = new Map<LinkSession, HeldByLink>();
  readonly #networks = new Map<string, number>();
  #all = 0;

  constructor(bounds: RequestBounds = FOR_NODE) {
    this.#bounds = bounds;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#all;
  }

  /**
   * Takes room for a request of `link`, and returns what gives it back; calling that twice is harmless.
   * Throws ERR_REQUEST_TOO_LARGE for more than `headerListBytes`, and ERR_HOP_LIMIT if no room is left.
   */
  take(link: LinkSession, bytes: number): () => void {
    const { headerListBytes: most } = LINK_LIMITS;
    if (bytes > most.value)
      throw new BywayError("ERR_REQUEST_TOO_LARGE", `the header list is longer than ${most.value} bytes`);
    const held = this.#links.get(link) ?? { bytes: 0, network: addressNetwork(link.remote) };
    const { mostPerLink, mostPerNetwork } = this.#bounds;
    if (
      this.#all + bytes > this.#bounds.most ||
      held.bytes + bytes > mostPerLink ||
      (this.#networks.get(held.network) ?? 0) + bytes > mostPerNetwork
    ) {
      throw new BywayError("ERR_HOP_LIMIT", "too many requests wait for their answers", {
        data: { by: "waiting requests" },
      });
    }
    this.#change(link, held, bytes);
    let isHeld = true;
    return () => {
      if (isHeld) this.#change(link, held, -bytes);
      isHeld = false;
    };
  }

  #change(link: LinkSession, held: HeldByLink, by: number): void {
    this.#all += by;
    held.bytes += by;
    if (held.bytes <= 0) this.#links.delete(link);
    else this.#links.set(link, held);
    if (held.network === "") return;
    const bytes = (this.#networks.get(held.network) ?? 0) + by;
    if (bytes <= 0) this.#networks.delete(held.network);
    else this.#networks.set(held.network, bytes);
  }
}
