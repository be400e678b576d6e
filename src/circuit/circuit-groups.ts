import type { Clock } from "../core/clock.ts";
import { CircuitGroup } from "./circuit-group.ts";
import { type IsolationGroup, type IsolationKey, isolationKey } from "./isolation.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** The isolation groups of a client that have circuits, or had some lately; bounded. */
export class CircuitGroups {
  readonly #clock: Clock;
  /** Least recently used first. */
  readonly #groups = new Map<IsolationKey, CircuitGroup>();

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  /** The group that is asked for, made if there is none: from now on the one used last. Of too many the first goes. */
  use(asked: IsolationGroup): CircuitGroup {
    const key = isolationKey(asked);
    const group = this.#groups.get(key) ?? new CircuitGroup({ clock: this.#clock }, asked);
    this.#groups.delete(key);
    this.#groups.set(key, group);
    group.use();
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= CIRCUIT_LIMITS.groups.value) break;
      this.#forget(oldest);
    }
    return group;
  }

  /**
   * The group that holds a circuit of `isolation` which was built for `group`. That one may have been forgotten meanwhile, and a
   * circuit that no group holds would never make room.
   */
  holder(isolation: IsolationGroup, group: CircuitGroup): CircuitGroup {
    const key = isolationKey(isolation);
    const holder = this.#groups.get(key) ?? group;
    this.#groups.set(key, holder);
    return holder;
  }

  /** Closes worn circuits, and forgets groups that were not used for long. */
  check(): void {
    for (const [key, group] of this.#groups) {
      group.closeWorn();
      if (group.forgotten) this.#forget(key);
    }
  }

  /** Makes room for `excess` circuits by closing other groups than `kept`, those unused for longest first. */
  evict(excess: number, kept: CircuitGroup): void {
    let left = excess;
    for (const [key, group] of this.#groups) {
      if (left <= 0) return;
      if (group === kept || group.size === 0) continue;
      left -= group.size;
      this.#forget(key);
    }
  }

  #forget(key: IsolationKey): void {
    this.#groups.get(key)?.close();
    this.#groups.delete(key);
  }
}
