import { pause } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { ExitPace } from "./exit-pace.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** The share of a wait that chance adds: what an exit says must not mark when its clients come back. */
const JITTER = 0.1;

/**
 * The pace of each exit that a client uses, and the streams that wait for their turn.
 *
 * A stream takes its turn before it waits, so those who wait come one after another. What waits is bounded, for the client
 * and for each user of each listener.
 */
export class ExitPaces {
  readonly #clock: Clock;
  readonly #random: Pick<Random, "float">;
  /** Least recently begun first. */
  readonly #paces = new Map<string, ExitPace>();
  /** How many streams wait, by whose they are. */
  readonly #waiting = new Map<string, number>();
  #waitingInAll = 0;
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
    return this.#waitingInAll;
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

  /**
   * Takes a turn for a stream to `exit`: the time until it may begin. Undefined, and nothing is taken, where that is more
   * than `mostMs`, or where too many of `owner`'s streams wait, or of all.
   */
  take(exit: string, owner: string, mostMs: number): number | undefined {
    const pace = this.#paceOf(exit);
    const nowMs = this.#clock.monotonicMs();
    const waitMs = pace.waitMs(nowMs);
    if (waitMs > 0 && (waitMs > mostMs || pace.isFull(nowMs) || !this.#hasRoom(owner))) return undefined;
    pace.begin(nowMs);
    return waitMs === 0 ? 0 : Math.ceil(waitMs * (1 + JITTER * this.#random.float()));
  }

  /**
   * Waits for `ms`, a turn at `exit`, as one of `owner`'s. When it is aborted it gives the turn back, so that nobody holds up
   * others with streams that never begin, and rejects with the abort reason.
   */
  async wait(ms: number, exit: string, owner: string, signal: AbortSignal): Promise<void> {
    this.#count(owner, 1);
    try {
      await pause(this.#clock, ms, signal);
    } catch (reason) {
      this.#paces.get(exit)?.giveBack(this.#clock.monotonicMs());
      throw reason;
    } finally {
      this.#count(owner, -1);
    }
  }

  /** `exit` took a stream. */
  noteTaken(exit: string): void {
    this.#paces.get(exit)?.noteTaken(this.#clock.monotonicMs());
  }

  /** `exit` refused a stream because it takes no more for now. */
  noteRefused(exit: string): void {
    const nowMs = this.#clock.monotonicMs();
    this.#paceOf(exit).noteRefused(nowMs);
    this.#pacedUntilMs = nowMs + CIRCUIT_LIMITS.paceForgetMs.value;
  }

  #paceOf(exit: string): ExitPace {
    const known = this.#paces.get(exit);
    if (known !== undefined) return known;
    const fresh = new ExitPace();
    this.#paces.set(exit, fresh);
    const [oldest] = this.#paces.keys();
    if (this.#paces.size > CIRCUIT_LIMITS.paces.value && oldest !== undefined) this.#paces.delete(oldest);
    return fresh;
  }

  #hasRoom(owner: string): boolean {
    const { waitingStreams, waitingStreamsOfOne } = CIRCUIT_LIMITS;
    return this.#waitingInAll < waitingStreams.value && (this.#waiting.get(owner) ?? 0) < waitingStreamsOfOne.value;
  }

  #count(owner: string, change: 1 | -1): void {
    this.#waitingInAll += change;
    const count = (this.#waiting.get(owner) ?? 0) + change;
    if (count > 0) this.#waiting.set(owner, count);
    else this.#waiting.delete(owner);
  }
}
