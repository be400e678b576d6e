import type { Trust } from "../trust/trust-source.ts";
import type { Candidate } from "./candidate.ts";
import type { ScoreParts } from "./explanation.ts";
import type { Preset } from "./preset.ts";

/** The weights of each preset; only their proportions count. */
export const PRESET_WEIGHTS: Readonly<Record<Preset, ScoreParts>> = {
  balanced: { trust: 40, latency: 25, availability: 20, load: 15 },
  fast: { trust: 20, latency: 60, availability: 5, load: 15 },
  reliable: { trust: 50, latency: 5, availability: 40, load: 5 },
  // Latency would tell where the client is.
  private: { trust: 60, latency: 0, availability: 10, load: 30 },
};

/** The score of a part that nothing is known of. */
export const UNKNOWN_PART = 0.5;
const HALF_SCORE_MS = 100;
const LAST_7_DAYS = 0.7;

/**
 * The parts of a node's score, each in [0, 1]; 0.5 where nothing is known.
 *
 * | part | formula | source |
 * |---|---|---|
 * | trust | the trust score | what this client saw itself (`src/trust/`) |
 * | latency | 100 / (100 + rtt ms) | the round trip of the last check, measured |
 * | availability | 0.7·(7 days) + 0.3·(30 days) | the node's claim |
 * | load | 1 − load | the node's claim |
 */
export function scoreParts(
  candidate: Pick<Candidate, "rttMs" | "availability" | "load">,
  trust: Pick<Trust, "score">,
): ScoreParts {
  const { rttMs, availability, load } = candidate;
  return {
    trust: unit(trust.score),
    latency: rttMs === undefined ? UNKNOWN_PART : unit(HALF_SCORE_MS / (HALF_SCORE_MS + Math.max(0, rttMs))),
    availability:
      availability === undefined
        ? UNKNOWN_PART
        : unit(LAST_7_DAYS * availability.last7Days + (1 - LAST_7_DAYS) * availability.last30Days),
    load: load === undefined ? UNKNOWN_PART : unit(1 - load),
  };
}

/** The same weights with 1 as their sum; all 0 where none is above it. */
export function normalisedWeights(weights: ScoreParts): ScoreParts {
  const { trust, latency, availability, load } = weights;
  const sum = trust + latency + availability + load;
  const scale = sum > 0 ? 1 / sum : 0;
  return { trust: trust * scale, latency: latency * scale, availability: availability * scale, load: load * scale };
}

function unit(value: number): number {
  return Number.isNaN(value) ? UNKNOWN_PART : Math.min(1, Math.max(0, value));
}
