import type { TestContext } from "node:test";
import type { CircuitBuilder } from "../../src/circuit/circuit-builder.ts";
import { FailedBuilds } from "../../src/circuit/failed-builds.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { CircuitOutcomes } from "../../src/dispatch/circuit-outcomes.ts";
import { Dispatcher } from "../../src/dispatch/dispatcher.ts";
import { PathPlanner } from "../../src/dispatch/path-planner.ts";
import { RefusalMemory } from "../../src/dispatch/refusal-memory.ts";
import { RequestLog } from "../../src/dispatch/request-log.ts";
import { SearchMemory } from "../../src/dispatch/search-memory.ts";
import type { ClockDoubt } from "../../src/peers/clock-doubt.ts";
import type { CandidateIndex } from "../../src/routing/candidate-index.ts";
import { GuardSet } from "../../src/routing/guard-set.ts";
import { SessionTable } from "../../src/routing/session-table.ts";
import { MemoryRecords } from "../../src/storage/record-keeper.ts";
import { Observer } from "../../src/trust/observer.ts";
import { OwnExperience } from "../../src/trust/own-experience.ts";
import type { PeerQuery } from "../../src/wire/peer-query.ts";
import { answeringNodes } from "./candidates.ts";
import { poolBench } from "./pool-bench.ts";

/** A dispatcher without a network, and what it works with. */
export interface DispatchSite {
  readonly router: Dispatcher;
  readonly clock: FakeClock;
  readonly log: RequestLog;
  readonly experience: OwnExperience;
  readonly outcomes: CircuitOutcomes;
  readonly guards: GuardSet;
  /** What the network was searched for. */
  readonly searched: PeerQuery[];
  /** To be changed with the index. */
  readonly version: { now: number };
}

/** A router of a client that knows the nodes of `index`, all of which answer. */
export function dispatchSite(
  t: TestContext,
  index: CandidateIndex,
  builder: (clock: FakeClock, observer: Observer) => CircuitBuilder,
  clockDoubt?: ClockDoubt,
): DispatchSite {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const version = { now: 0 };
  const records = new MemoryRecords();
  const searched: PeerQuery[] = [];
  const peers = {
    ...answeringNodes(index),
    clockDoubt,
    find: async (query: PeerQuery) => {
      searched.push(query);
      return true;
    },
  };
  const observer = new Observer({ clock });
  const experience = new OwnExperience({ clock, records });
  const guards = new GuardSet({ clock, random, records });
  for (const view of [guards, experience]) observer.subscribe(view.learn);
  const log = new RequestLog({ clock, random });
  observer.watch(log.watch);
  const { pool, outcomes } = poolBench(clock, (own) => builder(clock, own), {
    observer,
    failedBuilds: new FailedBuilds({ clock, version: () => version.now }),
  });
  t.after(() => pool.stop());
  const router = new Dispatcher(
    {
      clock,
      peers,
      pool,
      outcomes,
      searches: new SearchMemory({ clock }),
      refusals: new RefusalMemory({ clock, version: () => version.now }),
      planner: new PathPlanner({ peers, guards, random }, { defaultHops: 1 }),
      sessions: new SessionTable({ clock, records }),
      experience,
      log,
    },
    { listener: "", rotation: "request", preset: "balanced" },
  );
  return { router, clock, log, experience, outcomes, guards, searched, version };
}
