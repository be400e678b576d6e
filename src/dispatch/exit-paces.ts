import { abortReason } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import type { Random } from "../core/random.ts";
import { FairShares } from "../rate/fair-shares.ts";
import { ExitPace } from "./exit-pace.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

/** The share of a wait that chance adds: what an exit says must not mark when its clients come back. */
const JITTER = 0.1;

/** A stream that waits for its turn. */
interface Waiter {
  readonly exit: string;
  readonly dueMs: number;
  /** Its turn or its place goes to another. */
  readonly lose: () => void;
}

/**
 * The pace of each exit that a client uses, and the streams that wait for their turn.
 *
 * A stream takes its turn before it waits, so those who wait come one after another. What waits is bounded, for the client
 * and for each user of each listener. When all turns in time or all places are taken, a user with fewer of them takes one over
 * from the user with most, so that no user shuts others out.
 */
export class ExitPaces {
  readonly #clock: Clock;
  readonly #random: Pick<Random, "float">;
  /** Least recently begun first. */
  readonly #paces = new Map<string, ExitPace>();
  /** The streams that wait, and by exit those that wait there. */
  readonly #all = new FairShares<Waiter>();
  readonly #waiting = new Map<string, FairShares<Waiter>>();
  /** Until when some exit may be paced; before it nothing needs to be compared. */
  #pacedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(components: { readonly clock: Clock; readonly random: Pick<Random, "float"> }) {
    this.#clock = components.clock;
    this.#random = components.random;
  }

  /** Exits that are remembered. */
  get size(): number {
    return this.#paces.size;
  }

  /** Streams that wait for their turn. */
  get waiting(): number {
    return this.#all.size;
  }

  /** Whether any exit may have to be waited for. */
  get isAnyPaced(): boolean {
    return this.#clock.monotonicMs() < this.#pacedUntilMs;
  }

  /** The time until a stream to `exit` may begin; 0 for now. */
  waitMs(exit: string): number {
    return this.isAnyPaced ? (this.#paces.get(exit)?.waitMs(this.#clock.monotonicMs()) ?? 0) : 0;
  }

  /** Whether `exit` took nothing between its last two cuts. */
  takesNothing(exit: string): boolean {
    return this.#paces.get(exit)?.takesNothing ?? false;
  }

  /** Whether streams wait for their turn at `exit`. */
  isAwaited(exit: string): boolean {
    return this.#waiting.has(exit);
  }

  /**
   * Takes a turn for a stream to `exit`: the time until it may begin. Undefined, and nothing is taken, where that is more
   * than `mostMs`, or where too many of `owner`'s streams wait, or of all. Before that it takes the turn or the place over from
   * whoever has most of them, if `owner` has fewer.
   */
  take(exit: string, owner: string, mostMs: number): number | undefined {
    const pace = this.#paceOf(exit);
    const nowMs = this.#clock.monotonicMs();
    const waitMs = pace.waitMs(nowMs);
    if (waitMs > 0) {
      if (mostMs <= 0 || pace.isFull(nowMs)) return undefined;
      if (this.#all.countOf(owner) >= DISPATCH_LIMITS.waitingStreamsOfOne.value) return undefined;
      if (waitMs > mostMs) return this.#takeOver(exit, owner, nowMs, mostMs);
      if (!this.#makeRoom(owner)) return undefined;
    }
    pace.begin(nowMs);
    return waitMs === 0 ? 0 : Math.ceil(waitMs * (1 + JITTER * this.#random.float()));
  }

  /**
   * Waits for `ms`, a turn at `exit`, as one of `owner`'s. Returns false if the turn went to a user who had fewer. When it is
   * aborted it gives the turn back, so that streams that never begin hold up no others, and rejects with the abort
   * reason.
   */
  async wait(ms: number, exit: string, owner: string, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) {
      this.giveBack(exit);
      throw abortReason(signal);
    }
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const waiter: Waiter = { exit, dueMs: this.#clock.monotonicMs() + ms, lose: () => resolve(false) };
    const stop = (): void => {
      // Its turn may have gone to another in this moment.
      if (this.#remove(waiter)) this.giveBack(exit);
      reject(abortReason(signal));
    };
    const timer = this.#clock.after(ms, () => {
      this.#remove(waiter);
      resolve(true);
    });
    signal.addEventListener("abort", stop, { once: true });
    this.#add(owner, waiter);
    try {
      return await promise;
    } finally {
      timer.cancel();
      signal.removeEventListener("abort", stop);
    }
  }

  /** A stream that had its turn at `exit` does not begin there after all. */
  giveBack(exit: string): void {
    this.#paces.get(exit)?.giveBack(this.#clock.monotonicMs());
  }

  /** `exit` took a stream. */
  noteTaken(exit: string): void {
    this.#paces.get(exit)?.noteTaken(this.#clock.monotonicMs());
  }

  /** A stream that `exit` had taken ended. */
  noteEnded(exit: string): void {
    if (this.isAnyPaced) this.#paces.get(exit)?.noteEnded(this.#clock.monotonicMs());
  }

  /** `exit` refused a stream because it takes no more for now. */
  noteRefused(exit: string): void {
    const nowMs = this.#clock.monotonicMs();
    this.#paceOf(exit).noteRefused(nowMs);
    this.#pacedUntilMs = nowMs + DISPATCH_LIMITS.paceForgetMs.value;
  }

  #paceOf(exit: string): ExitPace {
    const known = this.#paces.get(exit);
    if (known !== undefined) return known;
    const fresh = new ExitPace();
    this.#paces.set(exit, fresh);
    forgetOldest(this.#paces, DISPATCH_LIMITS.paces.value);
    return fresh;
  }

  /** The turn of the one who has most turns at `exit`, if it comes in time: the time until then. */
  #takeOver(exit: string, owner: string, nowMs: number, mostMs: number): number | undefined {
    const giver = this.#waiting.get(exit)?.giver(owner);
    if (giver === undefined || giver.dueMs - nowMs > mostMs) return undefined;
    this.#remove(giver);
    giver.lose();
    return Math.max(0, giver.dueMs - nowMs);
  }

  /** Whether there is a place for one more of `owner`'s streams. If needed, it is taken from the user with most. */
  #makeRoom(owner: string): boolean {
    if (this.#all.size < DISPATCH_LIMITS.waitingStreams.value) return true;
    const giver = this.#all.giver(owner);
    if (giver === undefined) return false;
    this.#remove(giver);
    this.giveBack(giver.exit);
    giver.lose();
    return true;
  }

  #add(owner: string, waiter: Waiter): void {
    const shares = this.#waiting.get(waiter.exit) ?? new FairShares<Waiter>();
    this.#waiting.set(waiter.exit, shares);
    shares.add(owner, waiter);
    this.#all.add(owner, waiter);
  }

  /** False where it waits no longer. */
  #remove(waiter: Waiter): boolean {
    const shares = this.#waiting.get(waiter.exit);
    shares?.remove(waiter);
    if (shares?.size === 0) this.#waiting.delete(waiter.exit);
    return this.#all.remove(waiter);
  }
}
