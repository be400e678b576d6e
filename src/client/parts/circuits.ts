import { CircuitBuilder } from "../../circuit/circuit-builder.ts";
import { CircuitPool } from "../../circuit/circuit-pool.ts";
import { FailedBuilds } from "../../circuit/failed-builds.ts";
import type { Part } from "../../core/parts.ts";
import { CandidateSource } from "../../dispatch/candidate-source.ts";
import { CircuitOutcomes } from "../../dispatch/circuit-outcomes.ts";
import { examineRelay } from "../../dispatch/examine-relay.ts";
import { ExitPaces } from "../../dispatch/exit-paces.ts";
import { PathPlanner } from "../../dispatch/path-planner.ts";
import type { RequestLog } from "../../dispatch/request-log.ts";
import { Observer } from "../../trust/observer.ts";
import type { ClientOptions } from "../client-options.ts";
import type { ClientBase } from "./client-base.ts";
import type { KeptState } from "./kept.ts";

/** What a client chooses nodes from, and the circuits through them. */
export interface ClientCircuits extends Part {
  readonly candidates: CandidateSource;
  readonly planner: PathPlanner;
  readonly builder: CircuitBuilder;
  readonly pool: CircuitPool;
  readonly outcomes: CircuitOutcomes;
}

/** `stopping` ends what is looked into. */
export function openCircuits(
  base: ClientBase,
  { peers, experience, guards, log }: KeptState & { readonly log: RequestLog },
  options: ClientOptions,
  stopping: AbortSignal,
): ClientCircuits {
  const { clock, random, logger, budget, dialler, allowClassical } = base;
  const { hops = 1, preset, weights, explorationShare, spareCircuits, sharedNetworks = false } = options;
  const candidates = new CandidateSource(
    { clock, book: peers.book, trust: experience, more: options.peers },
    { sharedNetworks },
  );
  experience.onChange((peer) => candidates.noteTrust(peer));
  const planner = new PathPlanner(
    { peers: candidates, guards, random },
    {
      defaultHops: hops,
      preset,
      weights,
      explorationShare,
    },
  );
  const observer = new Observer({ clock });
  for (const view of [guards, candidates, experience]) observer.subscribe(view.learn);
  observer.watch(log.watch);
  const builder = new CircuitBuilder({ clock, random, budget, dialler, observer }, { allowClassical });
  // What one hop shows of another is no evidence; what this client's own check finds is.
  const check = (node: string): Promise<boolean | undefined> => candidates.doubt(node, true);
  observer.judgeBy({
    check,
    examine: (relay) => examineRelay({ clock, random, builder, planner, check }, relay, stopping),
  });
  const paces = new ExitPaces({ clock, random });
  const failedBuilds = new FailedBuilds({ clock, version: () => candidates.version });
  const pool = new CircuitPool({ builder, observer, paces, failedBuilds, clock, logger }, { spareCircuits });
  const outcomes = new CircuitOutcomes({ pool, observer, paces, clock });
  return { candidates, planner, builder, pool, outcomes, stop: () => pool.stop() };
}
