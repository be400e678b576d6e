import type { Http2Session } from "node:http2";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { LINK_LIMITS } from "./limits.ts";

/** What a keep-alive tells its link. */
export interface KeepAliveEvents {
  /** Too many pings in a row stayed unanswered, and nothing else came either. */
  readonly onDead: () => void;
  /** No stream was open for so long. */
  readonly onIdle: () => void;
  /** How many streams are open. */
  readonly streams: () => number;
  /** Bytes that came from the far side so far. */
  readonly bytesReceived: () => number;
  /** How long it may be idle; `idleMs` of LINK_LIMITS when absent. */
  readonly idleMs?: () => number;
}

/**
 * As `session.ping`, also where the session takes no new streams: Node answers its own pings with an error then, as if nobody
 * were there, although frames still go both ways. It asks `closed`, which says no for the length of the call.
 */
function pingEvenIfClosed(session: Http2Session, onAnswer: (error: Error | null, durationMs: number) => void): boolean {
  if (!session.closed) return session.ping(onAnswer);
  Object.defineProperty(session, "closed", { value: false, configurable: true });
  try {
    return session.ping(onAnswer);
  } finally {
    Reflect.deleteProperty(session, "closed");
  }
}

/** Pings a session (RFC 9113 §6.7) and watches for silence and idleness; stops by itself when the session closes. */
export class KeepAlive {
  readonly #session: Http2Session;
  readonly #events: KeepAliveEvents;
  readonly #timer: Timer;
  readonly #clock: Clock;
  #unanswered = 0;
  #seenBytes = 0;
  #idleSinceMs: number;
  #roundTripMs: number | undefined;

  constructor(components: { clock: Clock }, session: Http2Session, events: KeepAliveEvents) {
    this.#session = session;
    this.#events = events;
    this.#clock = components.clock;
    this.#idleSinceMs = components.clock.monotonicMs();
    this.#timer = components.clock.every(LINK_LIMITS.pingPeriodMs.value, () => this.#tick());
    session.once("close", () => this.#timer.cancel());
  }

  /** Smallest round trip seen, in ms. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Sends one ping; resolves with its round trip in ms, rejects with ERR_HOP_LOST when the session ends first. */
  ping(): Promise<number> {
    return new Promise((resolve, reject) => {
      const onAnswer = (error: Error | null, durationMs: number): void => {
        if (error !== null) {
          reject(new BywayError("ERR_HOP_LOST", "the ping was not answered", { cause: error }));
          return;
        }
        this.#roundTripMs = Math.min(this.#roundTripMs ?? Number.POSITIVE_INFINITY, durationMs);
        resolve(durationMs);
      };
      if (this.#session.destroyed || !pingEvenIfClosed(this.#session, onAnswer)) {
        reject(new BywayError("ERR_HOP_LOST", "the link is closed"));
      }
    });
  }

  #tick(): void {
    const arrivedBytes = this.#events.bytesReceived();
    // On a slow way the answer may stand behind megabytes of a download, which are a sign of life as good.
    if (arrivedBytes > this.#seenBytes) this.#unanswered = 0;
    this.#seenBytes = arrivedBytes;
    if (this.#unanswered >= LINK_LIMITS.unansweredPings.value) {
      this.#events.onDead();
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    if (this.#events.streams() > 0) this.#idleSinceMs = nowMs;
    else if (nowMs - this.#idleSinceMs >= (this.#events.idleMs?.() ?? LINK_LIMITS.idleMs.value)) {
      this.#events.onIdle();
      return;
    }
    this.#unanswered += 1;
    this.ping().then(
      () => {
        this.#unanswered = 0;
      },
      () => {},
    );
  }
}
