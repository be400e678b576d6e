import { BywayError } from "../core/errors.ts";
import type { LinkPace } from "../flow/line-pace-link.ts";
import { Meter } from "../flow/meter.ts";

// Made once: a reason made anew for each link would cost more than the signal.
const CLOSED = new BywayError("ERR_ABORTED", "the link is closed");

/** What a link shares with the others of its node. */
export interface LinkSessionParts {
  readonly openPace?: (() => LinkPace) | undefined;
  readonly whole?: Meter | undefined;
}

/**
 * One link at the server end, as services know it: each request on the link carries it.
 *
 * A service keeps what it counts for a link under this object: in a Map that lets go at 0, or in a WeakMap, where it goes
 * with the link.
 */
export class LinkSession {
  /** An opaque number, for logs. No two links of a process have the same one. */
  readonly id: number;
  /** The IP address at the far end; "" if it has none. */
  readonly remote: string;
  /** Who pays for the link; undefined if nobody does. Limits and the accountability log read it for each new stream. */
  payer: string | undefined;
  /** Payload that the streams of the link carried, those that are open included. What measures bandwidth is none. */
  readonly meter: Meter;
  readonly #openPace: (() => LinkPace) | undefined;
  #pace: LinkPace | undefined;
  /** Made when somebody wants to hear of it: there may be thousands of links. */
  #closing: AbortController | undefined;

  /**
   * `openPace` makes the pace, once it is asked for; nothing holds the link back if it is absent. The link's payload counts for
   * `whole` too.
   */
  constructor(id: number, remote: string, { openPace, whole }: LinkSessionParts = {}) {
    this.id = id;
    this.remote = remote;
    this.meter = new Meter(whole);
    this.#openPace = openPace;
  }

  /** The speed that all streams of the link share; undefined if nothing holds them back. */
  get pace(): LinkPace | undefined {
    this.#pace ??= this.#openPace?.();
    return this.#pace;
  }

  /** Aborts when the link is over, after its streams. */
  get closed(): AbortSignal {
    this.#closing ??= new AbortController();
    return this.#closing.signal;
  }

  /** Says that the link is over. Called by the link server alone. Idempotent. */
  end(): void {
    this.#closing ??= new AbortController();
    this.#closing.abort(CLOSED);
  }
}
