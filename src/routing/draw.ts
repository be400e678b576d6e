import type { Random } from "../core/random.ts";
import { bestOf, crowdSizes } from "./allotments.ts";
import type { Candidate } from "./candidate.ts";
import { type CandidateIndex, LITTLE_HISTORY } from "./candidate-index.ts";
import type { DrawRules } from "./draw-rules.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import { shares } from "./shares.ts";
import { walk } from "./walk.ts";

/** From this many nodes with history on, those with little get no more than their share. */
const ENOUGH_KNOWN = 8;
/** Scores closer to each other than one of so many parts are alike. */
const SCORE_STEPS = 2 ** 20;

/** Where a draw takes nodes from. */
export interface DrawSource {
  /** The lists of which one holds each node that fits. */
  readonly lists: readonly number[];
  /** How many rows these lists have. */
  readonly length: number;
  /** Whether the list of known nodes is that of relays or of exits. */
  readonly known: "knownExit" | "knownRelay";
  readonly fits: (row: number) => boolean;
  /** What else is asked of those that are drawn from; asked of the best alone, so that it may cost something. */
  readonly isApart?: (candidate: Candidate) => boolean;
  /** Look at every row rather than find none. */
  readonly isThorough: boolean;
}

/** The nodes that a draw was among, the best first, and the chance of each; the chances add up to 1. */
export interface Best {
  readonly rows: readonly number[];
  readonly shares: readonly number[];
}

/** What a draw gave. */
export interface Drawn {
  readonly row: number;
  readonly rule: "best" | "exploration";
  readonly best: Best;
  /** The chance that it is among those with little history. */
  readonly newcomersShare: number;
  /** How many with history fitted, as far as was looked. */
  readonly known: number;
}

/**
 * Draws one node of a source. Chance first decides whether it is one with little history (docs/routing.md), and then among
 * the best of these or of the others, weighted by score and capacity. Undefined where none fits.
 */
export function drawNode(
  index: CandidateIndex,
  source: DrawSource,
  random: Random,
  rules: DrawRules,
): Drawn | undefined {
  const known = knownRows(index, source, random, rules);
  const chance = newcomersShare(known.length, rules.explorationShare);
  const newcomers = random.float() < chance ? newcomerRows(index, source, random, rules, known.length) : [];
  for (const [rows, rule] of [[newcomers, "exploration"] as const, [known, "best"] as const]) {
    const best = bestRows(index, rows, rules, source.isApart);
    const row = best.rows[pick(best.shares, random)];
    if (row !== undefined) return { row, rule, best, newcomersShare: chance, known: known.length };
  }
  return undefined;
}

/** The share of choices that goes to nodes with little history: `least`, and more while fewer than 8 others fit. */
export function newcomersShare(known: number, least: number): number {
  return known >= ENOUGH_KNOWN ? least : least + (1 - least) * (1 - known / ENOUGH_KNOWN);
}

/** The best of some rows, and the chance of each. */
export function bestRows(
  index: CandidateIndex,
  rows: readonly number[],
  rules: DrawRules,
  isApart: (candidate: Candidate) => boolean = () => true,
): Best {
  const ranked = rankedRows(index, rows, rules);
  const best = bestOf(ranked, (row) => index.at(row), rules.drawnFrom, isApart);
  const crowd = crowdSizes(best.map((row) => index.at(row)));
  const drawable = best.map((row, at) => ({
    score: index.columns.score(row, rules.weights),
    mbps: index.columns.mbps(row),
    crowd: crowd[at] ?? 1,
  }));
  return { rows: best, shares: shares(drawable) };
}

/** Rows by score, the best first; those that score alike in the order in which they came. */
function rankedRows(index: CandidateIndex, rows: readonly number[], rules: DrawRules): readonly number[] {
  // Score and place in one number: numbers alone are sorted ten times as fast as objects.
  const keys = Float64Array.from(rows, (row, at) => {
    const score = Math.round(index.columns.score(row, rules.weights) * SCORE_STEPS);
    return (SCORE_STEPS - score) * rows.length + at;
  });
  return Array.from(keys.sort(), (key) => rows[key % rows.length] ?? -1);
}

/** The place that chance decides, each as likely as its share. */
export function pick(chances: readonly number[], random: Random): number {
  let left = random.float();
  for (const [place, chance] of chances.entries()) {
    left -= chance;
    if (left < 0) return place;
  }
  // What rounding left over goes to the likeliest.
  return chances.indexOf(Math.max(...chances));
}

/** Fitting nodes with history. */
export function knownRows(
  index: CandidateIndex,
  source: DrawSource,
  random: Random,
  rules: DrawRules,
): readonly number[] {
  const list = index.lists.find(`${source.known}/`);
  if (list === undefined) return [];
  const isShorter = source.length < index.lists.length(list);
  const { columns } = index;
  const fits = (row: number): boolean => columns.observations(row) >= LITTLE_HISTORY && source.fits(row);
  return collect(index, isShorter ? source.lists : [list], random, fits, rules, source.isThorough);
}

/** Fitting nodes with little history. */
export function newcomerRows(
  index: CandidateIndex,
  source: DrawSource,
  random: Random,
  rules: DrawRules,
  known: number,
): readonly number[] {
  const { columns } = index;
  const fits = (row: number): boolean => columns.observations(row) < LITTLE_HISTORY && source.fits(row);
  return collect(index, source.lists, random, fits, rules, source.isThorough && known === 0);
}

/** A sample of the rows that fit. A thorough one looks at all rows before it gives fewer than the draw is to be among. */
function collect(
  index: CandidateIndex,
  lists: readonly number[],
  random: Random,
  fits: (row: number) => boolean,
  { sampled, drawnFrom }: DrawRules,
  isThorough: boolean,
): readonly number[] {
  const looked = ROUTING_LIMITS.looked.value;
  const enough = isThorough ? drawnFrom : 0;
  const rows: number[] = [];
  let seen = 0;
  walk(index.lists, lists, random, (row) => {
    seen += 1;
    // One row may be in several lists.
    if (fits(row) && (lists.length === 1 || !rows.includes(row))) rows.push(row);
    const isEnough = rows.length >= sampled || (seen >= looked && rows.length >= enough);
    return isEnough ? "stop" : "on";
  });
  return rows;
}
