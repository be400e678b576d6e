import type { Clock, Timer } from "../core/clock.ts";
import type { RateBound } from "../rate/rate-rule.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import { Semaphore } from "../rate/semaphore.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { addressNetwork } from "./address-crowd.ts";
import { LINK_LIMITS } from "./limits.ts";

/** How many handshakes there may be. */
export interface HandshakeBounds {
  readonly rate: RateBound;
  /** Under way at once, and those of one network among them. */
  readonly open: number;
  readonly openPerNetwork: number;
  readonly waiting: number;
  readonly waitMs: number;
}

const FOR_PROCESS: HandshakeBounds = {
  rate: { perSecond: LINK_LIMITS.handshakesPerSecond.value, burst: LINK_LIMITS.handshakeBurst.value },
  open: LINK_LIMITS.openHandshakes.value,
  openPerNetwork: LINK_LIMITS.handshakesPerNetwork.value,
  waiting: LINK_LIMITS.waitingHandshakes.value,
  waitMs: LINK_LIMITS.handshakeWaitMs.value,
};

/** What to do with one connection that wants a handshake; one of the two is called, and `drop` perhaps after `start`. */
export interface WantedHandshake {
  readonly start: () => void;
  /** There is no place for it, or none any more. */
  readonly drop: () => void;
}

interface Entry extends WantedHandshake {
  readonly network: string;
  timer: Timer | undefined;
  release: (() => void) | undefined;
}

/**
 * Lets TLS handshakes begin at a bounded rate, and so many at once. Those beyond it wait a short while: within a network
 * (/24, or /48 of IPv6) in the order of their arrival, and networks take turns, so that one that floods delays itself.
 */
export class HandshakeQueue {
  readonly #clock: Clock;
  readonly #refusals: RefusalCounts | undefined;
  readonly #bounds: HandshakeBounds;
  readonly #rate: TokenBucket;
  readonly #places: Semaphore;
  /** By network; the network whose turn is next comes first. */
  readonly #queues = new Map<string, Entry[]>();
  #waiting = 0;
  #wake: Timer | undefined;

  constructor(
    components: { readonly clock: Clock; readonly refusals?: RefusalCounts | undefined },
    bounds: HandshakeBounds = FOR_PROCESS,
  ) {
    this.#clock = components.clock;
    this.#refusals = components.refusals;
    this.#bounds = bounds;
    this.#rate = new TokenBucket(bounds.rate);
    this.#places = new Semaphore({ most: bounds.open, mostPerKey: bounds.openPerNetwork });
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** How many are under way. */
  get open(): number {
    return this.#places.taken;
  }

  /**
   * Takes in a connection from `remoteAddress` and starts its handshake, at once where it may. Returns what must be
   * called when that is done or the connection is gone; calling it twice is harmless.
   */
  enter(remoteAddress: string, { start, drop }: WantedHandshake): () => void {
    const entry: Entry = { network: addressNetwork(remoteAddress), start, drop, timer: undefined, release: undefined };
    const queue = this.#queues.get(entry.network);
    if (queue === undefined) this.#queues.set(entry.network, [entry]);
    else queue.push(entry);
    this.#waiting += 1;
    this.#advance();
    if (this.#isWaiting(entry)) {
      entry.timer = this.#clock.after(this.#bounds.waitMs, () => this.#refuse(entry));
      if (this.#waiting > this.#bounds.waiting) this.#dropFromLongest();
    }
    return () => this.#leave(entry);
  }

  #leave(entry: Entry): void {
    this.#unqueue(entry);
    entry.release?.();
    this.#advance();
  }

  #refuse(entry: Entry): void {
    if (!this.#unqueue(entry)) return;
    this.#refusals?.count("handshake rate");
    entry.drop();
  }

  #dropFromLongest(): void {
    let longest: Entry[] = [];
    for (const queue of this.#queues.values()) if (queue.length >= longest.length) longest = queue;
    const newest = longest.at(-1);
    if (newest !== undefined) this.#refuse(newest);
  }

  #advance(): void {
    while (this.#waiting > 0) {
      const nowMs = this.#clock.monotonicMs();
      const waitMs = this.#rate.waitMs(nowMs);
      if (waitMs > 0) {
        this.#wake ??= this.#clock.after(Math.ceil(waitMs), () => {
          this.#wake = undefined;
          this.#advance();
        });
        return;
      }
      const next = this.#next();
      if (next === undefined) return;
      this.#rate.take(nowMs);
      next.start();
    }
  }

  /** The one whose turn it is, with a place taken; undefined where nobody who waits may have one. */
  #next(): Entry | undefined {
    for (const [network, queue] of this.#queues) {
      const [entry] = queue;
      if (entry === undefined) continue;
      entry.release = this.#places.tryAcquire(network, () => {
        this.#refusals?.count("handshake places");
        entry.drop();
      });
      if (entry.release === undefined) continue;
      this.#unqueue(entry);
      if (queue.length > 0) {
        this.#queues.delete(network);
        this.#queues.set(network, queue);
      }
      return entry;
    }
    return undefined;
  }

  #isWaiting(entry: Entry): boolean {
    return this.#queues.get(entry.network)?.includes(entry) ?? false;
  }

  #unqueue(entry: Entry): boolean {
    const queue = this.#queues.get(entry.network);
    const at = queue?.indexOf(entry) ?? -1;
    if (queue === undefined || at < 0) return false;
    queue.splice(at, 1);
    if (queue.length === 0) this.#queues.delete(entry.network);
    this.#waiting -= 1;
    entry.timer?.cancel();
    if (this.#waiting === 0) {
      this.#wake?.cancel();
      this.#wake = undefined;
    }
    return true;
  }
}
