import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { type HeldState, type KeyedState, KeyedStates } from "../rate/keyed-states.ts";
import { RateRule } from "../rate/rate-rule.ts";
import { RecentTargets } from "./recent-targets.ts";

/** What a link may have, and likewise all links of a payer together, or whoever else asks. */
export interface PerClientBounds {
  readonly streams: number;
  readonly perSecond: RateRule;
  readonly targetsPerMinute: number;
  /** How many are remembered beside those that have streams open. */
  readonly keys: number;
}

/** What one of them had. */
export class ClientState implements KeyedState {
  readonly #bounds: PerClientBounds;
  readonly targets: RecentTargets;
  nextMs: number = RateRule.FRESH;

  constructor(bounds: PerClientBounds) {
    this.#bounds = bounds;
    this.targets = new RecentTargets(bounds.targetsPerMinute);
  }

  used(nowMs: number): number {
    return Math.max(this.#bounds.perSecond.used(this.nextMs, nowMs), this.targets.used(nowMs));
  }
}

/** Holds those who ask for streams to what each of them may have. */
export class PerClientLimits {
  readonly #bounds: PerClientBounds;
  readonly #who: string;
  readonly #states: KeyedStates<ClientState>;

  /** `who` is said in refusals: `link`, `payer`. */
  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, who: string, bounds: PerClientBounds) {
    this.#bounds = bounds;
    this.#who = who;
    this.#states = new KeyedStates(
      { clock: components.clock, fresh: () => new ClientState(bounds) },
      { most: bounds.keys },
    );
  }

  /** How many are remembered. */
  get size(): number {
    return this.#states.size;
  }

  /** What `key` has had; throws ERR_NODE_LIMIT where it may have no stream to `target` now. Counts nothing. */
  check(key: number, target: number, nowMs: number): HeldState<ClientState> | undefined {
    const found = this.#states.find(key);
    if (found === undefined) return undefined;
    const { streams, perSecond, targetsPerMinute } = this.#bounds;
    const who = this.#who;
    if (found.holds >= streams)
      throw refusal(`open streams of a ${who}`, `the ${who} has ${streams} streams open, as many as it may`);
    const waitMs = perSecond.waitMs(found.state.nextMs, nowMs);
    if (waitMs > 0) {
      const message = `the ${who} has begun more streams than ${perSecond.perSecond} a second`;
      throw refusal(`streams per second of a ${who}`, message, waitMs);
    }
    const targetWaitMs = found.state.targets.waitMs(target, nowMs);
    if (targetWaitMs > 0) {
      const message = `the ${who} has asked for ${targetsPerMinute} different targets within a minute, as many as it may`;
      throw refusal(`targets per minute of a ${who}`, message, targetWaitMs);
    }
    return found;
  }

  /** Counts a stream to `target` that was checked just now; `release` gives it back. */
  take(key: number, found: HeldState<ClientState> | undefined, target: number, nowMs: number): HeldState<ClientState> {
    const held = this.#states.hold(key, found);
    held.state.nextMs = this.#bounds.perSecond.taken(held.state.nextMs, nowMs);
    held.state.targets.add(target, nowMs);
    return held;
  }

  /** A stream is over. */
  release(held: HeldState<ClientState>): void {
    this.#states.release(held);
  }
}

/** A refusal by a limit; without `waitMs` nobody knows how long to wait. */
export function refusal(by: string, message: string, waitMs?: number): BywayError {
  const retryAfterSec = waitMs === undefined ? OPEN_RETRY_SEC : Math.max(1, Math.ceil(waitMs / 1000));
  return new BywayError("ERR_NODE_LIMIT", message, { data: { by, retryAfterSec } });
}

/** Most streams are over in a few seconds. */
const OPEN_RETRY_SEC = 5;
