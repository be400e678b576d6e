import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { type LineBytes, SocketTotals } from "../flow/socket-totals.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import type { LinkPlace, LinkPlaces } from "./link-places.ts";

interface Connection {
  readonly place: LinkPlace;
  /** Since when its link has been idle, and what closes it. Undefined while the link has streams or is not open yet. */
  idle: { readonly sinceMs: number; readonly close: () => void } | undefined;
}

/** The connections of a link server: their places, which of them are idle, and the bytes that they carried. */
export class ServedConnections {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #places: LinkPlaces;
  readonly #refusals: RefusalCounts | undefined;
  readonly #connections = new Map<Duplex, Connection>();
  readonly #totals = new SocketTotals();

  constructor(components: {
    readonly clock: Pick<Clock, "monotonicMs">;
    readonly places: LinkPlaces;
    readonly refusals?: RefusalCounts | undefined;
  }) {
    this.#clock = components.clock;
    this.#places = components.places;
    this.#refusals = components.refusals;
  }

  /** The open ones. */
  get all(): readonly Duplex[] {
    return [...this.#connections.keys()];
  }

  /** Bytes since the start. */
  get bytes(): LineBytes {
    return this.#totals.bytes;
  }

  /** Takes a place for a connection until it is closed; false when there is none. */
  add(raw: Duplex): boolean {
    const { remoteAddress = "" } = raw as Partial<Socket>;
    const place = this.#places.take(remoteAddress, () => void this.giveWay(raw));
    if (place === undefined) return false;
    // Until the link is open the place is kept: a handshake has bounds and a time limit of its own.
    place.use(true);
    this.#connections.set(raw, { place, idle: undefined });
    this.#totals.add(raw);
    raw.once("close", () => {
      this.#connections.delete(raw);
      this.#totals.close(raw);
      place.release();
    });
    return true;
  }

  /** Notes that the link on `raw` is open and idle, and that `close` closes it. Call the result whenever the link begins or ceases to be in use. */
  opened(raw: Duplex, close: () => void): (isInUse: boolean) => void {
    const connection = this.#connections.get(raw);
    const use = (isInUse: boolean): void => {
      if (connection === undefined) return;
      connection.idle = isInUse ? undefined : { sinceMs: this.#clock.monotonicMs(), close };
      connection.place.use(isInUse);
    };
    use(false);
    return use;
  }

  /** Since when the link on `raw` has been idle, monotonic. Undefined while it has streams or is not open, or if `raw` is not a link. */
  idleSinceMs(raw: Duplex): number | undefined {
    return this.#connections.get(raw)?.idle?.sinceMs;
  }

  /** Closes the link on `raw` and gives its place back, if it is idle. Returns whether it was. */
  giveWay(raw: Duplex): boolean {
    const connection = this.#connections.get(raw);
    if (connection?.idle === undefined) return false;
    connection.place.release();
    this.#refusals?.count("idle links");
    connection.idle.close();
    return true;
  }
}
