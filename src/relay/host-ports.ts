import type { Clock } from "../core/clock.ts";
import { type KeyedState, KeyedStates } from "../rate/keyed-states.ts";
import { RELAY_LIMITS } from "./limits.ts";

/** A port that is being tried. */
export interface HeldPort {
  /** A node is there: the port counts no more. */
  forget(): void;
  /** None is: it counts for an hour. */
  keep(): void;
}

/** The ports of one host that were named in vain, each with when it is forgotten. */
class Ports implements KeyedState {
  readonly #most: number;
  readonly untilMs = new Map<number, number>();

  constructor(most: number) {
    this.#most = most;
  }

  used(nowMs: number): number {
    for (const [port, until] of this.untilMs) if (until <= nowMs) this.untilMs.delete(port);
    return this.untilMs.size / this.#most;
  }
}

/** How many ports of one host may be named in vain within an hour. */
export class HostPorts {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #hosts: KeyedStates<Ports>;

  constructor({ clock }: { readonly clock: Pick<Clock, "monotonicMs"> }, { most }: { readonly most: number }) {
    this.#clock = clock;
    this.#hosts = new KeyedStates({ clock, fresh: () => new Ports(most) }, { most: RELAY_LIMITS.limitedKeys.value });
  }

  /** Whether `port` of the host may be tried. */
  admits(host: number, port: number): boolean {
    const ports = this.#hosts.find(host)?.state;
    return ports === undefined || ports.used(this.#clock.monotonicMs()) < 1 || ports.untilMs.has(port);
  }

  /** Counts a port that is tried now. Call one of what is returned, once. */
  take(host: number, port: number): HeldPort {
    const held = this.#hosts.hold(host, this.#hosts.find(host));
    const mark = (): void => {
      held.state.untilMs.set(port, this.#clock.monotonicMs() + RELAY_LIMITS.unprovenPortsMs.value);
    };
    mark();
    return {
      forget: () => {
        held.state.untilMs.delete(port);
        this.#hosts.release(held);
      },
      keep: () => {
        mark();
        this.#hosts.release(held);
      },
    };
  }
}
