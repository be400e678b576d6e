import { BywayError } from "../core/errors.ts";
import type { RateRule } from "../rate/rate-rule.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { RecentTargets } from "./recent-targets.ts";

/** What a link may have, and likewise all links of a payer together. */
export interface PerClientBounds {
  readonly streams: number;
  readonly perSecond: RateRule;
  readonly targetsPerMinute: number;
}

/** What one of them had. */
export class ClientState extends TokenBucket {
  readonly targets: RecentTargets;
  /** Streams that are open. */
  open = 0;

  constructor({ perSecond, targetsPerMinute }: PerClientBounds) {
    super(perSecond);
    this.targets = new RecentTargets(targetsPerMinute);
  }

  override used(nowMs: number): number {
    return Math.max(super.used(nowMs), this.targets.used(nowMs));
  }
}

/** The rules for one kind of client. They keep nothing: the caller keeps the state of each client. */
export class PerClientLimits {
  readonly #bounds: PerClientBounds;
  readonly #who: string;

  /** `who` is said in refusals: `link`, `payer`. */
  constructor(who: string, bounds: PerClientBounds) {
    this.#bounds = bounds;
    this.#who = who;
  }

  /** The state of a client that had nothing yet. */
  fresh(): ClientState {
    return new ClientState(this.#bounds);
  }

  /** Throws ERR_NODE_LIMIT if a client in `state` may have no stream to `target` now. Counts nothing. */
  check(state: ClientState | undefined, target: number, nowMs: number): void {
    if (state === undefined) return;
    const { streams, perSecond, targetsPerMinute } = this.#bounds;
    const who = this.#who;
    if (state.open >= streams)
      throw refusal(`open streams of a ${who}`, `the ${who} has ${streams} streams open, as many as it may`);
    const waitMs = state.waitMs(nowMs);
    if (waitMs > 0) {
      const message = `the ${who} has begun more streams than ${perSecond.perSecond} a second`;
      throw refusal(`streams per second of a ${who}`, message, waitMs);
    }
    const targetWaitMs = state.targets.waitMs(target, nowMs);
    if (targetWaitMs > 0) {
      const message = `the ${who} has asked for ${targetsPerMinute} different targets within a minute, as many as it may`;
      throw refusal(`targets per minute of a ${who}`, message, targetWaitMs);
    }
  }

  /** Counts a stream to `target` that was checked just now. It is over when the caller takes it from `state.open`. */
  take(state: ClientState, target: number, nowMs: number): void {
    state.open += 1;
    state.take(nowMs);
    state.targets.add(target, nowMs);
  }
}

/** A refusal by a limit; without `waitMs` nobody knows how long to wait. */
export function refusal(by: string, message: string, waitMs?: number): BywayError {
  const retryAfterSec = waitMs === undefined ? OPEN_RETRY_SEC : Math.max(1, Math.ceil(waitMs / 1000));
  return new BywayError("ERR_NODE_LIMIT", message, { data: { by, retryAfterSec } });
}

/** Most streams are over in a few seconds. */
const OPEN_RETRY_SEC = 5;
