import type { Clock } from "../core/clock.ts";
import { LruMap } from "../rate/lru-map.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

/** After this much time half of what a peer did wrong is forgiven. */
const HALF_LIFE_MS = 60_000;

/** How much junk each peer sent lately. Grows with the square: one slip is forgiven, a flood shuts the peer out. */
export class JunkScore {
  readonly #clock: Clock;
  /** The longest quiet first. */
  readonly #junk = new LruMap<string, { count: number; atMs: number }>({ most: OVERLAY_LIMITS.junkPeers.value });

  constructor(components: { clock: Clock }) {
    this.#clock = components.clock;
  }

  /** Counts one junk message of `peer`. */
  add(peer: string): void {
    const count = this.#count(peer) + 1;
    this.#junk.set(peer, { count, atMs: this.#clock.monotonicMs() });
  }

  /** The square of the junk of `peer`, halved every minute. */
  of(peer: string): number {
    return this.#count(peer) ** 2;
  }

  #count(peer: string): number {
    const junk = this.#junk.get(peer);
    return junk === undefined ? 0 : junk.count * 0.5 ** ((this.#clock.monotonicMs() - junk.atMs) / HALF_LIFE_MS);
  }
}
