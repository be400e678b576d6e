import type { Random } from "../core/random.ts";
import type { Candidate } from "./candidate.ts";
import type { CandidateIndex } from "./candidate-index.ts";
import { explainPlan } from "./explain-plan.ts";
import { hopsOf } from "./hops-of.ts";
import { noNodeError } from "./no-node.ts";
import type { Plan, PlanOptions, PlanRequest } from "./plan-request.ts";
import { Planner } from "./planner.ts";

/**
 * Chooses the nodes of a circuit: the guard first, the exit last.
 *
 * The exit is chosen first, then the guard, then those between (docs/routing.md). No node stands in it twice, and no two of
 * one network, one AS or one family; hops are of different countries where that is easily done. Pure: the same request,
 * nodes and chance give the same plan.
 *
 * @throws BywayError ERR_NO_NODE naming the constraint that left nothing and how many nodes each one left;
 * ERR_PARAMETER_VALUE when the number of hops is out of range, ERR_PARAMETER_CONFLICT when it contradicts the preset.
 */
export function planCircuit(request: PlanRequest, index: CandidateIndex, random: Random, options: PlanOptions): Plan {
  const hops = hopsOf(request.constraints, options);
  const planner = new Planner({ index, random }, request, { hops, options });
  const planned = planner.plan();
  if (planned.row.length < hops) throw noPlanError(planner, index, hops, planned.row);
  const plan = { hops: planned.row.map(({ candidate }) => candidate) };
  return request.explain === true ? { ...plan, explanation: explainPlan(planner, planned) } : plan;
}

function noPlanError(
  { filter }: Planner,
  index: CandidateIndex,
  hops: number,
  row: readonly { readonly candidate: Candidate }[],
): Error {
  const { steps, empties, denied } = filter.funnel();
  if (empties !== undefined) return noNodeError(empties, steps, denied);
  const relayList = index.lists.find("relay/");
  const relays = relayList === undefined ? 0 : index.lists.length(relayList);
  return noNodeError(`hops=${hops}`, [
    ...steps,
    { left: relays, what: relays === 1 ? "relay" : "relays" },
    { left: row.length, what: "of different nodes, networks, ASes and families" },
  ]);
}
