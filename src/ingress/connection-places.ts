import type { Socket } from "node:net";
import { abortStream } from "../flow/abort-stream.ts";
import { type LinkPlace, LinkPlaces } from "../link/link-places.ts";
import type { Lease } from "./user-limits.ts";

/**
 * The places for connections of apps. Anybody who reaches a listener can open connections, also without a password. So when
 * all places are taken, the connection that has been without a request for longest gives way, of the network that holds most, to
 * a newcomer of one that holds fewer (`LinkPlaces`). At a loopback listener, or behind a router, all programs and users have one
 * address. So where no other network or address has to give a place, the newcomer's own address does. A connection with a request
 * gives way to nobody.
 */
export class ConnectionPlaces {
  readonly #places: LinkPlaces;
  readonly #held = new WeakMap<Socket, LinkPlace>();

  /** `most` is for all together. One address may have all of them while nobody else comes. */
  constructor(most: number) {
    this.#places = new LinkPlaces({ most, mostPerCrowd: most, mostPerNetwork: most, addressGives: true });
  }

  /** Takes a place until the connection is closed. Returns false if there is none. */
  take(socket: Socket): boolean {
    const place = this.#places.take(socket.remoteAddress ?? "", () => {
      place?.release();
      abortStream(socket);
    });
    if (place === undefined) return false;
    this.#held.set(socket, place);
    socket.once("close", () => place.release());
    return true;
  }

  /** Returns `lease`, until whose release the connection has a request. */
  use(socket: Socket, lease: Lease): Lease {
    const place = this.#held.get(socket);
    place?.use(true);
    const release = (): void => {
      place?.use(false);
      lease.release();
    };
    return { watch: (bytes, end) => lease.watch(bytes, end), release, [Symbol.dispose]: release };
  }
}
