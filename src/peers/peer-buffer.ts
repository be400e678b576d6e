import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { PEERS_LIMITS } from "./limits.ts";
import type { Crowd } from "./peer-eviction.ts";
import type { PeerStore } from "./peer-store.ts";
import type { PeerEntry } from "./stored-peer.ts";

/** Peers on their way into a store: they wait for a fifth of a second, so that one transaction writes many. */
export class PeerBuffer {
  readonly #store: PeerStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiting = new Map<string, PeerEntry>();
  /** Peers that were told of again, and when. */
  readonly #seen = new Map<string, number>();
  #timer: Timer | undefined;
  /** When the last write failed (monotonic); undefined when it did not. */
  #failedMs: number | undefined;

  constructor(components: { store: PeerStore; clock: Clock; logger: Logger }) {
    this.#store = components.store;
    this.#clock = components.clock;
    this.#logger = components.logger;
  }

  /** What waits for one peer. */
  get(peer: string): PeerEntry | undefined {
    return this.#waiting.get(peer);
  }

  /** How many that wait stand in one network. */
  crowdSize(crowd: Crowd): number {
    let size = 0;
    for (const { prefix, place } of this.#waiting.values()) {
      if (crowd === `p${prefix}` || crowd === `a${place.provenAsn}`) size += 1;
    }
    return size;
  }

  /** Has a peer written. Throws ERR_STORE where as many wait as may, since none could be written for a while. */
  put(entry: PeerEntry): void {
    const most = PEERS_LIMITS.bufferedPeers.value;
    if (this.#waiting.size >= most) this.flush();
    if (this.#waiting.size >= most) throw new BywayError("ERR_STORE", "too many advertisements wait to be written");
    this.#waiting.set(entry.peer, entry);
    this.#flushSoon();
  }

  /** Has it written that a peer was told of again. */
  touch(peer: string, seenMs: number): void {
    if (this.#seen.size >= PEERS_LIMITS.bufferedPeers.value) this.flush();
    // No loss: it is told again.
    if (this.#seen.size >= PEERS_LIMITS.bufferedPeers.value) return;
    this.#seen.set(peer, seenMs);
    this.#flushSoon();
  }

  /** Has nothing more written of a peer. */
  drop(peer: string): void {
    this.#waiting.delete(peer);
    this.#seen.delete(peer);
  }

  /** Writes what waits. While another process keeps the store locked it goes on waiting. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waiting.size === 0 && this.#seen.size === 0) return;
    this.#write();
    if (this.#failedMs !== undefined) this.#flushSoon();
  }

  /** Writes what waits, or gives it up. */
  stop(): void {
    this.#failedMs = undefined;
    this.flush();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /**
   * Runs a write to the store that may be left out, which it is where it fails and for a while after that. Told once, until
   * one succeeds.
   */
  attempt(write: () => void): void {
    if (this.#isPausing) return;
    try {
      write();
      this.#failedMs = undefined;
    } catch (error) {
      if (!(error instanceof BywayError) || error.code !== "ERR_STORE") throw error;
      if (this.#failedMs === undefined) {
        this.#logger.warn("what is learned of peers waits to be written", { reason: error.message });
      }
      this.#failedMs = this.#clock.monotonicMs();
    }
  }

  #write(): void {
    this.attempt(() => {
      this.#store.put([...this.#waiting.values()]);
      this.#waiting.clear();
      this.#store.touch(this.#seen);
      this.#seen.clear();
    });
  }

  #flushSoon(): void {
    const { flushMs, flushAgainMs } = PEERS_LIMITS;
    const delayMs = this.#failedMs === undefined ? flushMs.value : flushAgainMs.value - this.#sinceFailure();
    this.#timer ??= this.#clock.after(Math.max(1, delayMs), () => {
      this.#timer = undefined;
      this.flush();
    });
  }

  /** Each try on a locked store stops this process for a while: few of them, then. */
  get #isPausing(): boolean {
    return this.#failedMs !== undefined && this.#sinceFailure() < PEERS_LIMITS.flushAgainMs.value;
  }

  #sinceFailure(): number {
    return this.#clock.monotonicMs() - (this.#failedMs ?? 0);
  }
}
