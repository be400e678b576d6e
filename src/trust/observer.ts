import type { Clock } from "../core/clock.ts";
import { Accusations, type AccusationsComponents } from "./accusations.ts";
import { TRUST_LIMITS } from "./limits.ts";
import type { Observation, ObservationView, ObservationWatch, ObservedHop } from "./observation.ts";
import { RecentFailures } from "./recent-failures.ts";

/** What an observer works with. */
export interface ObserverComponents extends Partial<AccusationsComponents> {
  readonly clock: Clock;
}

/**
 * The one place that everything seen of nodes comes to.
 *
 *     seen by this client itself ─► recent failures ─► views
 *     seen behind another hop ─► passed over ─► accusations ─► the one that failed, if any ─► as above
 */
export class Observer {
  readonly #recent: RecentFailures;
  #accusations: Accusations;
  readonly #views: ObservationView[] = [];
  readonly #watches: ObservationWatch[] = [];

  /** Without `check` and `examine`, or `judgeBy`, nothing can be found out of those who are accused. */
  constructor({ clock, check = unknown, examine = unknown }: ObserverComponents) {
    this.#recent = new RecentFailures({ clock });
    this.#accusations = new Accusations({ check, examine });
  }

  /** Peers that failed lately, or take no more for now: to be passed over where others can be had. */
  get avoided(): ReadonlySet<string> {
    return this.#recent.peers;
  }

  /** `view` learns of what is observed from now on. */
  subscribe(view: ObservationView): void {
    this.#views.push(view);
  }

  /** `watch` sees each observation from now on as it is made: accusations too, before they are judged. */
  watch(watch: ObservationWatch): void {
    this.#watches.push(watch);
  }

  /** Looks into accusations by these means from now on; what was noted of accusers begins anew. */
  judgeBy(means: AccusationsComponents): void {
    this.#accusations = new Accusations(means);
  }

  /** Takes what was seen. */
  observe(observation: Observation): void {
    for (const watch of this.#watches) watch(observation);
    if (observation.what === "failed" && observation.by !== undefined) this.#accused(observation, observation.by);
    else this.#tell(observation);
  }

  #tell(observation: Observation): void {
    if (observation.what === "carried") this.#accusations.noteCarried(observation.peerId, observation.next);
    const isNews = this.#recent.learns(observation);
    for (const view of this.#views) view(observation, isNews);
  }

  /**
   * Passes the accused over, and has it looked into who has failed. An accuser that has failed is passed over for long: it
   * carries to its friends, so what it carries says nothing for it.
   */
  #accused({ peerId, role, isFirst }: ObservedHop, accuser: ObservedHop): void {
    this.#recent.rest(peerId, TRUST_LIMITS.failureMs.value);
    void this.#accusations.judge(accuser.peerId, peerId).then((failed) => {
      if (failed === accuser.peerId) {
        this.#recent.rest(accuser.peerId, TRUST_LIMITS.refuserMs.value);
        this.#tell({ ...accuser, what: "failed" });
      } else if (failed !== undefined) this.#tell({ peerId, role, isFirst, what: "failed" });
    });
  }
}

async function unknown(): Promise<undefined> {
  return undefined;
}
