const WINDOW_SEC = 60;

/**
 * The different targets of the last minute, each by its hash: exact but for the second that times are rounded to, and for
 * hashes of 32 bits that collide by chance. Never more than `most`, each of which takes some 50 bytes; every step costs
 * the same on average, however many there are.
 */
export class RecentTargets {
  readonly #most: number;
  /** The second in which each was last asked for, in that order. */
  #seconds: Map<number, number> | undefined;
  /** Goes through them from the oldest; a new one each time would step over the places of those that were removed. */
  #round: Iterator<[number, number]> | undefined;
  #oldest: readonly [target: number, second: number] | undefined;
  #lastSec = Number.NEGATIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
  }

  /** The share of those that may be which is taken, or 0 when none is left of the last minute. */
  used(nowMs: number): number {
    if (nowMs >= (this.#lastSec + WINDOW_SEC) * 1000) return 0;
    return (this.#seconds?.size ?? 0) / this.#most;
  }

  /** The milliseconds to wait until this target fits; 0 when it fits now, as one of these always does. */
  waitMs(target: number, nowMs: number): number {
    this.#forget(Math.floor(nowMs / 1000));
    const targets = this.#seconds;
    if (targets === undefined || targets.size < this.#most || targets.has(target)) return 0;
    this.#skipRenewed(targets);
    return ((this.#oldest?.[1] ?? 0) + WINDOW_SEC) * 1000 - nowMs;
  }

  /** Counts one that fits. */
  add(target: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    this.#seconds ??= new Map();
    this.#lastSec = second;
    const before = this.#seconds.get(target);
    if (before === second) return;
    if (before !== undefined) this.#seconds.delete(target);
    this.#seconds.set(target, second);
  }

  #forget(nowSec: number): void {
    const targets = this.#seconds;
    if (targets === undefined) return;
    for (;;) {
      this.#oldest ??= this.#step(targets);
      if (this.#oldest === undefined || nowSec - this.#oldest[1] < WINDOW_SEC) return;
      // One that was asked for again stands further back now, with a later second.
      if (targets.get(this.#oldest[0]) === this.#oldest[1]) targets.delete(this.#oldest[0]);
      this.#oldest = undefined;
    }
  }

  /** Skips those that were asked for again since, and stand further back now. */
  #skipRenewed(targets: Map<number, number>): void {
    while (this.#oldest !== undefined && targets.get(this.#oldest[0]) !== this.#oldest[1])
      this.#oldest = this.#step(targets);
  }

  #step(targets: Map<number, number>): readonly [number, number] | undefined {
    if (targets.size === 0) return undefined;
    this.#round ??= targets.entries();
    const step = this.#round.next();
    if (step.done !== true) return step.value;
    this.#round = targets.entries();
    return this.#round.next().value;
  }
}
