import { BywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import type { Candidate } from "./candidate.ts";
import type { Constraints } from "./constraints.ts";
import { findDisjoint } from "./disjoint-nodes.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import { type FunnelStep, noNodeError } from "./no-node.ts";

/** What planning assumes where the constraints are silent. */
export interface PlanOptions {
  /** The number of hops when none is asked for, 1-5. */
  readonly defaultHops: number;
  /** Nodes that stand already, guard first: the circuit begins with them. */
  readonly kept?: readonly Candidate[];
  /** Peer ids of guards to prefer, as long as the rest of the circuit can be found with one of them. */
  readonly guards?: readonly string[];
}

/**
 * Chooses the nodes of a circuit: the guard first, the exit last.
 *
 * The exit is chosen first, then the guard, then those between. No node stands in it twice, and no two of one
 * network or one family; hops are of different countries when there are enough nodes. Among those that fit,
 * chance decides. Pure.
 *
 * @throws BywayError ERR_NO_NODE naming the constraint that left nothing and how many nodes each one left;
 * ERR_PARAMETER_VALUE when the number of hops is out of range.
 */
export function planCircuit(
  constraints: Constraints,
  candidates: readonly Candidate[],
  random: Random,
  options: PlanOptions,
): readonly Candidate[] {
  const hops = constraints.hops ?? options.defaultHops;
  if (!Number.isInteger(hops) || hops < 1 || hops > ROUTING_LIMITS.maxHops.value)
    throw new BywayError("ERR_PARAMETER_VALUE", `hops=${hops} is not a whole number from 1 to 5`, {
      data: { key: "hops" },
    });

  const funnel: FunnelStep[] = [];
  const exits = fittingExits(constraints, candidates, funnel);
  const relays = candidates.filter((c) => c.roles.includes("relay"));
  const { kept = [], guards = [] } = options;
  if (kept.length === 0 && hops > 1) {
    const known = relays.filter((c) => guards.includes(c.peerId));
    for (const guard of shuffled(known, random)) {
      const chosen = findDisjoint(exits, relays, hops, random, [guard]);
      if (chosen.length === hops) return chosen;
    }
  }
  const chosen = findDisjoint(exits, relays, hops, random, kept);
  if (chosen.length < hops) {
    funnel.push({ left: relays.length, what: relays.length === 1 ? "relay" : "relays" });
    funnel.push({ left: chosen.length, what: "of different nodes, networks and families" });
    throw noNodeError(`hops=${hops}`, funnel);
  }
  return chosen;
}

/** The exits that the constraints leave; notes in `funnel` what each of them did. */
function fittingExits(
  constraints: Constraints,
  candidates: readonly Candidate[],
  funnel: FunnelStep[],
): readonly Candidate[] {
  const { countries = [], node } = constraints;
  let left = candidates;
  const keep = (constraint: string, one: string, many: string, fits: (c: Candidate) => boolean): void => {
    left = left.filter(fits);
    funnel.push({ left: left.length, what: left.length === 1 ? one : many });
    if (left.length === 0) throw noNodeError(constraint, funnel);
  };
  keep("any request", "node", "nodes", () => true);
  keep("role=exit", "exit", "exits", (c) => c.roles.includes("exit"));
  if (node !== undefined) keep(`node=${node}`, "of that id", "of that id", (c) => c.peerId === node);
  if (countries.length > 0) {
    const list = countries.join("+");
    const inside = (c: Candidate): boolean => c.country !== undefined && countries.includes(c.country);
    keep(`country=${list}`, `in ${list}`, `in ${list}`, inside);
  }
  return left;
}
