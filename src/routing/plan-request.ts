import type { Candidate } from "./candidate.ts";
import type { Constraints } from "./constraints.ts";
import type { Explanation, ScoreParts } from "./explanation.ts";
import type { Preset } from "./preset.ts";

/** What a circuit is planned for. */
export interface PlanRequest {
  readonly constraints: Constraints;
  /** The target's port, 1-65535, which the exit must accept. */
  readonly port?: number | undefined;
  /** What the exit must carry, beside what the constraints ask. */
  readonly protocol?: "tcp" | "udp" | undefined;
  /** Peer ids that must not be in it, beside those kept. */
  readonly failed?: ReadonlySet<string> | undefined;
  /** Nodes that stand already, guard first: the circuit begins with them. */
  readonly kept?: readonly Candidate[] | undefined;
  /** Peer ids of guards to prefer, in this order, as long as a circuit can be found with one of them. */
  readonly guards?: readonly string[] | undefined;
  /** Peer id of the exit, when it must be this one. It may be at its capacity. */
  readonly exit?: string | undefined;
  /** Rendezvous hashing with this seed decides on the exit in place of chance. */
  readonly sessionSeed?: string | undefined;
  /** Peer ids of exits to take only where no other one fits. */
  readonly avoidExits?: readonly string[] | undefined;
  /** The AS that the exit must be of. */
  readonly exitAsn?: number | undefined;
  /** Say how the choice was made. Costs a look at all nodes. */
  readonly explain?: boolean | undefined;
}

/** What planning assumes where the constraints are silent. */
export interface PlanOptions {
  /** The number of hops when none is asked for, 1-5. */
  readonly defaultHops: number;
  /** Default `balanced`. */
  readonly preset?: Preset | undefined;
  /** In place of the weights of `balanced`; only their proportions count. */
  readonly weights?: ScoreParts | undefined;
  /** The share of choices that goes to nodes with little history, 0 to 1. Default 0.05. */
  readonly explorationShare?: number | undefined;
}

/** A planned circuit. */
export interface Plan {
  /** The guard first, the exit last. */
  readonly hops: readonly Candidate[];
  /** Where it was asked for. */
  readonly explanation?: Explanation;
}
