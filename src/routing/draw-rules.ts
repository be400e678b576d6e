import type { Constraints } from "./constraints.ts";
import type { ScoreParts } from "./explanation.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import type { PlanOptions } from "./plan-request.ts";
import { normalisedWeights, PRESET_WEIGHTS } from "./score.ts";

/** How nodes are weighed and drawn. */
export interface DrawRules {
  readonly preset: string;
  /** They add up to 1. */
  readonly weights: ScoreParts;
  /** How many that fit are scored. */
  readonly sampled: number;
  /** Among how many of the best chance decides. */
  readonly drawnFrom: number;
  /** The share of choices that goes to nodes with little history, 0 to 1. */
  readonly explorationShare: number;
}

const EXPLORATION_SHARE = 0.05;

/** The rules for a request: the preset that it asks for, or else that of the options. */
export function drawRules(
  constraints: Pick<Constraints, "preset">,
  options: Pick<PlanOptions, "preset" | "weights" | "explorationShare">,
): DrawRules {
  const preset = constraints.preset ?? options.preset ?? "balanced";
  const isPrivate = preset === "private";
  const { sampled, sampledPrivate, drawnFrom, drawnFromPrivate } = ROUTING_LIMITS;
  const own = preset === "balanced" ? options.weights : undefined;
  return {
    preset,
    weights: normalisedWeights(own ?? PRESET_WEIGHTS[preset]),
    sampled: (isPrivate ? sampledPrivate : sampled).value,
    drawnFrom: (isPrivate ? drawnFromPrivate : drawnFrom).value,
    explorationShare: options.explorationShare ?? EXPLORATION_SHARE,
  };
}
