import type { Random } from "../core/random.ts";
import type { Candidate } from "./candidate.ts";
import type { CandidateIndex } from "./candidate-index.ts";
import { drawRules } from "./draw-rules.ts";
import { drawRelay } from "./planner.ts";

/** What a guard must not be. */
export interface GuardDraw {
  /** Peer ids that are out of the question. */
  readonly except: ReadonlySet<string>;
  /** Guards that were chosen before; no new one is related to them. */
  readonly taken: readonly Candidate[];
}

/**
 * The peer id of a relay fit to be a guard, drawn as hops are with preset `reliable`, since it stays for weeks; of another
 * country than those taken if one is found soon. Undefined where there is none.
 */
export function drawGuard(index: CandidateIndex, random: Random, { except, taken }: GuardDraw): string | undefined {
  const rules = drawRules({ preset: "reliable" }, {});
  const drawn = drawRelay({ index, random, rules }, taken, (row) => !except.has(index.at(row).peerId));
  return drawn === undefined ? undefined : index.at(drawn.row).peerId;
}
