import type { Best, Drawn } from "./draw.ts";
import { bestRows, knownRows, newcomerRows } from "./draw.ts";
import type { ExplainedCandidate, Explanation } from "./explanation.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import type { PlannedRow, Planner } from "./planner.ts";

/** Says how a plan was made. Draws again among those that chance did not come to, after everything is decided. */
export function explainPlan(planner: Planner, { row, drawn }: PlannedRow): Explanation {
  const exit = row.at(-1);
  const candidates = drawn === undefined ? fixedExit(planner, exit?.candidate.peerId) : drawnExits(planner, drawn);
  return {
    funnel: planner.filter.funnel().steps,
    preset: planner.rules.preset,
    weights: planner.rules.weights,
    candidates: candidates.slice(0, ROUTING_LIMITS.explained.value),
    drawnFrom: candidates.length,
    hops: row.map(({ candidate: { peerId }, rule }) => ({ peerId, rule })),
  };
}

function fixedExit(planner: Planner, peerId: string | undefined): readonly ExplainedCandidate[] {
  const row = peerId === undefined ? undefined : planner.index.rowOf(peerId);
  return row === undefined ? [] : [explained(planner, row, 1)];
}

/** Those with history and those with little, each group with the chance that the draw is among it. */
function drawnExits(planner: Planner, { best, rule, newcomersShare, known }: Drawn): readonly ExplainedCandidate[] {
  const { index, random, rules, filter } = planner;
  const source = planner.exitSource((row) => filter.fits(row), false);
  const rest =
    rule === "best"
      ? newcomerRows(index, source, random, rules, known)
      : known === 0
        ? []
        : knownRows(index, source, random, rules);
  const share = rest.length === 0 ? 1 : rule === "best" ? 1 - newcomersShare : newcomersShare;
  const groups: readonly (readonly [Best, number])[] = [
    [best, share],
    [bestRows(index, rest, rules), 1 - share],
  ];
  return groups
    .flatMap(([{ rows, shares }, ofAll]) => rows.map((row, at) => explained(planner, row, (shares[at] ?? 0) * ofAll)))
    .sort((a, b) => b.share - a.share);
}

function explained({ index, rules }: Planner, row: number, share: number): ExplainedCandidate {
  const { peerId, country, city, asn } = index.at(row);
  return {
    peerId,
    ...(country === undefined ? {} : { country }),
    ...(city === undefined ? {} : { city }),
    ...(asn === undefined ? {} : { asn }),
    score: index.columns.score(row, rules.weights),
    parts: index.columns.parts(row),
    observations: index.columns.observations(row),
    mbps: index.columns.mbps(row),
    share,
  };
}
