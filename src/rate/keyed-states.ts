import type { Clock } from "../core/clock.ts";
import { RATE_LIMITS } from "./limits.ts";

/** What is remembered of one key. */
export interface KeyedState {
  /**
   * How much of what it may have the key has used up, as a share or in whatever else compares: forgetting it would give
   * that away. 0 or less when it says no more than the state of a key that was never seen.
   */
  used(nowMs: number): number;
}

/** A key's state, while it is held. */
export class HeldState<State> {
  readonly key: number;
  readonly state: State;
  /** How many hold it now. */
  holds = 0;

  constructor(key: number, state: State) {
    this.key = key;
    this.state = state;
  }
}

/**
 * State for each of many keys that strangers choose, in bounded memory: held ones are always kept, of the others at most
 * `most`. Where there are more, the one that has used least is forgotten, of the newest and a few others in turn: a flood
 * of new keys drives out only its own. Each step costs the same however many keys there are. Keys are whole
 * numbers: our own, or those of a `KeyedHash`, so that no stranger can choose where they fall.
 */
export class KeyedStates<State extends KeyedState> {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #fresh: () => State;
  readonly #most: number;
  readonly #states = new Map<number, HeldState<State>>();
  #held = 0;
  /** Goes round all of them. One iterator for all steps: a new one would pass the places of all that were removed. */
  #round: Iterator<HeldState<State>>;

  /** `fresh` makes the state of a key that was never seen. */
  constructor(
    components: { readonly clock: Pick<Clock, "monotonicMs">; readonly fresh: () => State },
    options: { readonly most: number },
  ) {
    this.#clock = components.clock;
    this.#fresh = components.fresh;
    this.#most = options.most;
    this.#round = this.#states.values();
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#states.size;
  }

  /** What is known of a key, held or not; undefined for one that is as good as never seen. */
  find(key: number): HeldState<State> | undefined {
    return this.#states.get(key);
  }

  /** Holds a key once more, so that it is not forgotten until `release`. `found` is what `find` just said of it. */
  hold(key: number, found: HeldState<State> | undefined): HeldState<State> {
    const held = found ?? this.#create(key);
    if (held.holds === 0) this.#held += 1;
    held.holds += 1;
    return held;
  }

  /** Gives back one `hold`. */
  release(held: HeldState<State>): void {
    held.holds -= 1;
    if (held.holds > 0) return;
    this.#held -= 1;
    if (this.#states.size - this.#held > this.#most) this.#forgetOne(held);
  }

  /** Looks at two for each one that comes, so that those that have used nothing become fewer. */
  #create(key: number): HeldState<State> {
    const nowMs = this.#clock.monotonicMs();
    for (let n = 0; n < 2; n += 1) {
      const other = this.#step();
      if (other?.holds === 0 && other.state.used(nowMs) <= 0) this.#states.delete(other.key);
    }
    const created = new HeldState(key, this.#fresh());
    this.#states.set(key, created);
    return created;
  }

  #forgetOne(newest: HeldState<State>): void {
    const nowMs = this.#clock.monotonicMs();
    let least = newest;
    let leastUsed = newest.state.used(nowMs);
    for (let n = 0; n < RATE_LIMITS.examinedKeys.value; n += 1) {
      const other = this.#step();
      if (other?.holds !== 0) continue;
      const used = other.state.used(nowMs);
      if (used > leastUsed) continue;
      least = other;
      leastUsed = used;
    }
    this.#states.delete(least.key);
  }

  #step(): HeldState<State> | undefined {
    const step = this.#round.next();
    if (step.done !== true) return step.value;
    this.#round = this.#states.values();
    return this.#round.next().value;
  }
}
