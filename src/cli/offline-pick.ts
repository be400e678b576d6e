import type { PickQuery } from "../api/pick-query.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { advertisedCandidate } from "../routing/advertised-candidate.ts";
import { askedSession } from "../routing/asked-session.ts";
import { CandidateIndex } from "../routing/candidate-index.ts";
import { checkConstraints } from "../routing/constraint-keys.ts";
import { constraintsKey } from "../routing/constraints.ts";
import type { Explanation } from "../routing/explanation.ts";
import { planCircuit } from "../routing/plan.ts";
import type { PlanOptions } from "../routing/plan-request.ts";
import { SessionTable } from "../routing/session-table.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import type { TrustSource } from "../trust/trust-source.ts";

/** Experience is kept by the client that has it, and read by nobody while it does not run. */
const NOTHING_KNOWN: TrustSource = { trustOf: () => ({ score: 0.5, observations: 0 }) };

/** What a choice without a running client rests on. */
export interface OfflinePickComponents {
  /** The stored nodes; undefined where there are none yet. */
  readonly book: PeerBook | undefined;
  readonly random: Random;
  readonly clock: Clock;
}

/** What such a choice assumes. */
export interface OfflinePickOptions extends PlanOptions {
  /** Let hops of one circuit share a network. */
  readonly sharedNetworks: boolean;
}

/**
 * What routing would choose among the stored nodes, which answered nobody lately; a session's exit as if it began now.
 * Throws ERR_NO_NODE and ERR_PARAMETER_CONFLICT.
 */
export function pickOffline(
  { book, random, clock }: OfflinePickComponents,
  { user = "", ...query }: PickQuery,
  options: OfflinePickOptions,
): Explanation {
  const index = new CandidateIndex({ trust: NOTHING_KNOWN });
  for (const peer of book?.find({}, PEERS_LIMITS.storedPeers.value, "random") ?? []) {
    const candidate = advertisedCandidate(peer, options);
    if (candidate !== undefined) index.put(candidate);
  }
  checkConstraints(query.constraints);
  const { name: session, rules, constraints } = askedSession(query.constraints);
  const key = { user, session: session ?? "", listener: "", constraints: constraintsKey(constraints) };
  const begun = new SessionTable({ clock, records: new MemoryRecords() }).peek(key, rules);
  const request = { ...query, constraints, ...(session === undefined ? {} : { sessionSeed: begun.seed }) };
  const { explanation } = planCircuit({ ...request, explain: true }, index, random, options);
  if (explanation === undefined) throw new TypeError("a plan was not explained");
  return explanation;
}
