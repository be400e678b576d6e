import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

const SECOND_MS = 1_000;
/** Of what it had taken when it first refused, and of a learned pace when it refuses again. */
const CUT = 0.85;
/** By how many streams a second a pace grows with each stream that is taken: a fifth in a second. */
const GROWTH = 0.2;
/** A pace that was far too high is lowered to this share of what the exit took recently. */
const SPARE = 1.1;
/** An exit often takes at once what it takes in this part of a second. */
const BURST_MS = 400;

/**
 * How many streams a second one exit takes, as far as it was learned: nothing is known until it refuses one.
 *
 *     free ── refused ─► paced: as many a second as it took lately ── refused ─► 15 % fewer, four times a second at most
 *      ▲                  │ each stream taken: a little more              └─ for 2 s, and nothing taken ─► full
 *      └── 30 s without a refusal                                            full: no request waits for it ◄─┘
 *                                                                       a stream to it ends ─► paced
 */
export class ExitPace {
  /** Streams begun in this second without those that were refused, and those of them that it took. */
  #begun = 0;
  #taken = 0;
  /** The streams that it took in the second before. */
  #takenBefore = 0;
  #sinceMs = 0;
  /** Undefined while the exit has not refused anything lately. */
  #perSecond: number | undefined;
  /** When the next stream may begin. */
  #nextMs = 0;
  #cutMs = Number.NEGATIVE_INFINITY;
  /** Refusals since a stream was taken; of those that come together one counts. */
  #refusals = 0;
  /** When the first of them was. */
  #refusedMs = 0;
  #fullUntilMs = Number.NEGATIVE_INFINITY;

  /** Whether streams to it have to wait for their turn. */
  isPaced(nowMs: number): boolean {
    if (this.#perSecond !== undefined && nowMs - this.#cutMs >= DISPATCH_LIMITS.paceForgetMs.value) {
      this.#perSecond = undefined;
      this.#refusals = 0;
    }
    return this.#perSecond !== undefined;
  }

  /** Whether it took nothing between its last two cuts. */
  get takesNothing(): boolean {
    return this.#refusals > 1;
  }

  /** Whether it refuses everything, as far as can be seen: then nothing is gained by waiting. */
  isFull(nowMs: number): boolean {
    return nowMs < this.#fullUntilMs;
  }

  /** The time until a stream may begin; 0 for now. */
  waitMs(nowMs: number): number {
    if (!this.isPaced(nowMs)) return 0;
    return Math.max(0, this.#nextMs - nowMs, this.#fullUntilMs - nowMs);
  }

  /** Counts a stream that begins, now or when its turn comes. */
  begin(nowMs: number): void {
    this.#turn(nowMs);
    this.#begun += 1;
    if (this.#perSecond !== undefined) this.#nextMs = Math.max(this.#nextMs, nowMs) + SECOND_MS / this.#perSecond;
  }

  /** A stream that had a turn to come does not begin after all: those behind it may begin sooner. */
  giveBack(nowMs: number): void {
    this.#begun = Math.max(0, this.#begun - 1);
    if (this.#perSecond !== undefined) this.#nextMs = Math.max(nowMs, this.#nextMs - SECOND_MS / this.#perSecond);
  }

  /** The exit took a stream. */
  noteTaken(nowMs: number): void {
    this.#turn(nowMs);
    this.#taken += 1;
    this.#refusals = 0;
    this.#fullUntilMs = Number.NEGATIVE_INFINITY;
    if (this.#perSecond !== undefined) this.#perSecond += GROWTH;
  }

  /** A stream that it had taken ended: a place may be free, so the exit is full no longer, and is tried at its pace. */
  noteEnded(nowMs: number): void {
    if (!this.isFull(nowMs)) return;
    this.#refusals = 0;
    this.#fullUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** The exit refused a stream because it takes no more for now. */
  noteRefused(nowMs: number): void {
    const { paceCutMs, paceRefusals, longestPaceRestMs } = DISPATCH_LIMITS;
    const { patienceMs, leastRestMs } = CIRCUIT_LIMITS;
    this.#begun = Math.max(0, this.#begun - 1);
    if (this.isPaced(nowMs) && nowMs - this.#cutMs < paceCutMs.value) return;
    this.#perSecond = Math.max(1, this.#lowered(nowMs));
    this.#cutMs = nowMs;
    this.#nextMs = Math.max(this.#nextMs, nowMs + SECOND_MS / this.#perSecond);
    if (this.#refusals === 0) this.#refusedMs = nowMs;
    this.#refusals += 1;
    const beyond = this.#refusals - paceRefusals.value;
    if (beyond < 0 || nowMs - this.#refusedMs < patienceMs.value) return;
    this.#fullUntilMs = nowMs + Math.min(leastRestMs.value * 2 ** Math.min(beyond, 16), longestPaceRestMs.value);
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#sinceMs < SECOND_MS) return;
    this.#takenBefore = nowMs - this.#sinceMs < 2 * SECOND_MS ? this.#taken : 0;
    this.#taken = 0;
    this.#begun = 0;
    this.#sinceMs = nowMs;
  }

  /** Rather too many: a pace is cut sooner than it grows. */
  #lowered(nowMs: number): number {
    const spanMs = Math.min(Math.max(nowMs - this.#sinceMs, BURST_MS), SECOND_MS);
    const taken = Math.max(this.#takenBefore, (this.#taken * SECOND_MS) / spanMs);
    // A refusal is quicker than a target: what was begun and not refused may yet be taken.
    if (this.#perSecond === undefined) return CUT * Math.max(taken, (this.#begun * SECOND_MS) / spanMs);
    return Math.min(CUT * this.#perSecond, taken > 0 ? taken * SPARE : Number.POSITIVE_INFINITY);
  }
}
