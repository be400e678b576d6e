import { LruMap } from "../rate/lru-map.ts";
import { TRUST_LIMITS } from "./limits.ts";

/** How accusations are looked into. */
export interface AccusationsComponents {
  /**
   * Asks `accused` for a sign of life, not by way of `accuser` alone. True when it answers, false when it does not, undefined
   * when that cannot be found out now. Never rejects.
   */
  readonly check: (accused: string, accuser: string) => Promise<boolean | undefined>;
  /**
   * Has `relay` carry to nodes that this client draws from all that it may use. True when it carries to most of them, false
   * when it refuses most, undefined when that cannot be found out now. Never rejects.
   */
  readonly examine: (relay: string) => Promise<boolean | undefined>;
}

/**
 * What hops say, or seem to show, of the hop behind them: no evidence against it, whatever the hop before it says, drops or
 * changes. The client checks the accused itself, and only that counts.
 *
 *     extension failed ─► check ─► silent: a failure of the accused
 *                           └────► answers, or cannot be told: noted against the accuser
 *     noted too often  ─► examine ─► refuses most: a failure of the accuser
 *                             └────► carries to most: all that was noted of it is forgotten
 *
 * One relay may be unable to reach one node, and a node may refuse one relay. So an accuser is examined only when it has
 * carried to fewer nodes than it has refused without cause, of which there must be `refusedNodes` at least. A crowd of nodes
 * that refuse one relay looks like a relay that lies: only the examination tells them apart, since the crowd is few among
 * all nodes and the client draws. Nodes are counted
 * and not circuits: a relay that carries to its friend a thousand times carries to one node.
 */
export class Accusations {
  readonly #check: AccusationsComponents["check"];
  readonly #examine: AccusationsComponents["examine"];
  /** Of each accuser, whether it carried to the nodes that were last asked for; the oldest first in both. */
  readonly #nextHops = new LruMap<string, LruMap<string, boolean>>({ most: TRUST_LIMITS.failures.value });
  /** Those being checked. */
  readonly #checking = new Set<string>();
  /** Relays being examined. */
  readonly #examining = new Set<string>();

  constructor(components: AccusationsComponents) {
    this.#check = components.check;
    this.#examine = components.examine;
  }

  /** Relays of which anything is remembered. */
  get size(): number {
    return this.#nextHops.size;
  }

  /** Notes that `relay` carried on to `next`. */
  noteCarried(relay: string, next: string): void {
    this.#note(relay, next, true);
  }

  /** Looks into a failure of `accused` behind `accuser`; which of the two has failed, or undefined. */
  async judge(accuser: string, accused: string): Promise<string | undefined> {
    const key = `${accuser} ${accused}`;
    if (this.#checking.has(key) || this.#checking.size >= TRUST_LIMITS.accusations.value) return undefined;
    this.#checking.add(key);
    const answers = await this.#check(accused, accuser);
    this.#checking.delete(key);
    if (answers === false) return accused;
    return this.#isTooMany(this.#note(accuser, accused, false)) ? this.#examined(accuser) : undefined;
  }

  async #examined(accuser: string): Promise<string | undefined> {
    if (this.#examining.has(accuser) || this.#examining.size >= TRUST_LIMITS.examinations.value) return undefined;
    this.#examining.add(accuser);
    const carries = await this.#examine(accuser);
    this.#examining.delete(accuser);
    if (carries === true) this.#nextHops.delete(accuser);
    return carries === false ? accuser : undefined;
  }

  #isTooMany(nextHops: ReadonlyMap<string, boolean>): boolean {
    const refused = [...nextHops.values()].filter((carried) => !carried).length;
    return refused >= TRUST_LIMITS.refusedNodes.value && refused > nextHops.size - refused;
  }

  #note(relay: string, next: string, carried: boolean): ReadonlyMap<string, boolean> {
    const nextHops = this.#nextHops.get(relay) ?? new LruMap<string, boolean>({ most: TRUST_LIMITS.nextHops.value });
    this.#nextHops.set(relay, nextHops);
    nextHops.set(next, carried);
    return nextHops;
  }
}
