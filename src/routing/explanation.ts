import type { FunnelStep } from "./no-node.ts";

/** The parts of a node's score, each in [0, 1], and the weights that they were given. */
export interface ScoreParts {
  readonly trust: number;
  readonly latency: number;
  readonly availability: number;
  readonly load: number;
}

/** One of the best candidates, as an explanation shows it. */
export interface ExplainedCandidate {
  readonly peerId: string;
  readonly country?: string;
  readonly city?: string;
  readonly asn?: number;
  /** The weighted sum of the parts. */
  readonly score: number;
  readonly parts: ScoreParts;
  /** Observations that its trust rests on. */
  readonly observations: number;
  /** Mbit/s that the draw counts for it: what it claims, 200 at most; 10 where it claims nothing. */
  readonly mbps: number;
  /** Its chance of being drawn, 0 to 1; those of all candidates add up to 1. */
  readonly share: number;
}

/** How one node came to be chosen. */
export type DrawRule =
  /** Among the best, by score and capacity. */
  | "best"
  /** The share that nodes with little history have. */
  | "exploration"
  /** The session's name decides among all that fit (rendezvous hashing). */
  | "session"
  /** The user named it, it is its session's exit, or it stood already. */
  | "given"
  /** A guard that was chosen before. */
  | "guard"
  /** Any that is not related to the others. */
  | "search";

/** How a choice was made; plain JSON values. */
export interface Explanation {
  /** How many nodes each constraint left, in order. */
  readonly funnel: readonly FunnelStep[];
  readonly preset: string;
  readonly weights: ScoreParts;
  /** The exits that the draw was among, the likeliest first; at most 16. */
  readonly candidates: readonly ExplainedCandidate[];
  /** How many the draw was among. */
  readonly drawnFrom: number;
  /** Each hop of the plan, guard first, and the rule that chose it. */
  readonly hops: readonly { readonly peerId: string; readonly rule: DrawRule }[];
}
