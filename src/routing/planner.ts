import type { Random } from "../core/random.ts";
import { isWitnessed } from "../peers/is-witnessed.ts";
import type { Candidate } from "./candidate.ts";
import { ROW_BITS } from "./candidate-columns.ts";
import type { CandidateIndex } from "./candidate-index.ts";
import { findDisjoint } from "./disjoint-nodes.ts";
import { type Drawn, type DrawSource, drawNode } from "./draw.ts";
import { type DrawRules, drawRules } from "./draw-rules.ts";
import { ExitFilter } from "./exit-filter.ts";
import type { DrawRule } from "./explanation.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import type { PlanOptions, PlanRequest } from "./plan-request.ts";
import { related, relatedOrNeighbours } from "./related.ts";
import { rendezvous } from "./rendezvous.ts";
import { walk } from "./walk.ts";

/** A hop and how it came to be chosen. */
export interface PlannedHop {
  readonly candidate: Candidate;
  readonly rule: DrawRule;
}

/** A row of hops, guard first; shorter than it should be where there is no whole one. */
export interface PlannedRow {
  readonly row: readonly PlannedHop[];
  /** The draw of the exit, where chance decided on it. */
  readonly drawn?: Drawn | undefined;
}

interface ChosenExit extends PlannedHop {
  readonly drawn?: Drawn | undefined;
}

/** Plans one circuit: quickly by drawing hop after hop, and where that leads nowhere by searching. */
export class Planner {
  readonly index: CandidateIndex;
  readonly random: Random;
  readonly rules: DrawRules;
  readonly filter: ExitFilter;
  readonly #request: PlanRequest;
  readonly #hops: number;

  constructor(
    components: { readonly index: CandidateIndex; readonly random: Random },
    request: PlanRequest,
    { hops, options }: { readonly hops: number; readonly options: PlanOptions },
  ) {
    this.index = components.index;
    this.random = components.random;
    this.rules = drawRules(request.constraints, options);
    this.filter = new ExitFilter(components.index, request, hops);
    this.#request = request;
    this.#hops = hops;
  }

  plan(): PlannedRow {
    const kept = (this.#request.kept ?? []).map((candidate) => ({ candidate, rule: "given" }) as const);
    if (kept.length >= this.#hops) return { row: kept.slice(0, this.#hops) };
    const guards = kept.length === 0 && this.#hops > 1 ? this.#standingGuards() : [];
    const first = this.#drawRow(kept, guards);
    if (guards.length === 0) return isWhole(first, this.#hops) ? first : this.#search(kept);
    if (isWhole(first, this.#hops) && first.row[0]?.rule === "guard") return first;
    return this.#withGuard(guards) ?? (isWhole(first, this.#hops) ? first : this.#search([]));
  }

  /** Nodes as the exit is drawn from them. */
  exitSource(fits: (row: number) => boolean, isThorough: boolean): DrawSource {
    const { filter } = this;
    return { lists: filter.lists, length: filter.length, known: "knownExit", fits, isThorough };
  }

  /** Draws the exit, then the guard, then those between. */
  #drawRow(first: readonly PlannedHop[], guards: readonly Candidate[]): PlannedRow {
    const exit = this.#chooseExit(first.map(({ candidate }) => candidate));
    if (exit === undefined) return { row: first };
    const row = [...first];
    const guard = guards.find((candidate) => !related(candidate, exit.candidate));
    if (guard !== undefined) row.push({ candidate: guard, rule: "guard" });
    while (row.length < this.#hops - 1) {
      const relay = this.#drawRelay([...row, exit].map(({ candidate }) => candidate));
      if (relay === undefined) break;
      row.push(relay);
    }
    return { row: [...row, exit], drawn: exit.drawn };
  }

  /** A row that begins with a preferred guard, though the exit that was drawn first may not stand behind it. */
  #withGuard(guards: readonly Candidate[]): PlannedRow | undefined {
    const tried = guards.slice(0, ROUTING_LIMITS.guardsTried.value);
    if (!this.#isExitFixed()) {
      for (const candidate of tried) {
        const planned = this.#drawRow([{ candidate, rule: "guard" }], []);
        if (isWhole(planned, this.#hops)) return planned;
      }
    }
    for (const candidate of tried) {
      const planned = this.#search([{ candidate, rule: "guard" }]);
      if (isWhole(planned, this.#hops)) return planned;
    }
    return undefined;
  }

  #isExitFixed(): boolean {
    return this.filter.only !== undefined || this.#request.sessionSeed !== undefined;
  }

  #standingGuards(): readonly Candidate[] {
    const { guards = [], failed } = this.#request;
    return guards.flatMap((peerId) => {
      const candidate = failed?.has(peerId) === true ? undefined : this.index.get(peerId);
      return candidate?.roles.includes("relay") === true ? candidate : [];
    });
  }

  #chooseExit(taken: readonly Candidate[]): ChosenExit | undefined {
    const { index, filter } = this;
    const { avoidExits = [], sessionSeed } = this.#request;
    const apart = (row: number): boolean => filter.fits(row) && isApart(index.at(row), taken, related);
    const avoided = new Set(avoidExits.map((peerId) => index.rowOf(peerId)));
    const other = (row: number): boolean => !avoided.has(row) && apart(row);
    if (filter.only !== undefined) {
      const row = filter.only;
      return row >= 0 && apart(row) ? { candidate: index.at(row), rule: "given" } : undefined;
    }
    if (sessionSeed !== undefined) {
      const row =
        rendezvous(index, filter.lists, other, sessionSeed) ??
        (avoided.size === 0 ? undefined : rendezvous(index, filter.lists, apart, sessionSeed));
      return row === undefined ? undefined : { candidate: index.at(row), rule: "session" };
    }
    const abroad = (row: number): boolean => other(row) && isApart(index.at(row), taken, relatedOrNeighbours);
    const drawn =
      (taken.length > 0 ? this.#draw(this.exitSource(abroad, false)) : undefined) ??
      this.#draw(this.exitSource(other, true)) ??
      (avoided.size === 0 ? undefined : this.#draw(this.exitSource(apart, true)));
    return drawn === undefined ? undefined : { candidate: index.at(drawn.row), rule: drawn.rule, drawn };
  }

  #drawRelay(taken: readonly Candidate[]): PlannedHop | undefined {
    const drawn = drawRelay(this, taken, (row) => this.#isUsable(row));
    return drawn === undefined ? undefined : { candidate: this.index.at(drawn.row), rule: drawn.rule };
  }

  #draw(source: DrawSource): Drawn | undefined {
    return drawNode(this.index, source, this.random, this.rules);
  }

  #isUsable(row: number): boolean {
    const { failed } = this.#request;
    const { index } = this;
    if (this.#hops > 1 && !isWitnessed(index.at(row), index.all)) return false;
    return failed === undefined || failed.size === 0 || !failed.has(this.index.at(row).peerId);
  }

  /** Searches a sample of all that fit, which in a small network is all. */
  #search(first: readonly PlannedHop[]): PlannedRow {
    const { index, filter, random } = this;
    const exits =
      filter.only === undefined
        ? this.#sample(filter.lists, (row) => filter.fits(row))
        : [filter.only].filter((row) => row >= 0 && filter.fits(row)).map((row) => index.at(row));
    const relays = this.#sample(relayLists(index), (row) => this.#isUsable(row));
    const kept = first.map(({ candidate }) => candidate);
    const found = findDisjoint(exits, relays, this.#hops, random, kept);
    return { row: found.map((candidate, at) => first[at] ?? { candidate, rule: "search" }) };
  }

  #sample(lists: readonly number[], fits: (row: number) => boolean): readonly Candidate[] {
    const rows = new Set<number>();
    walk(this.index.lists, lists, this.random, (row) => {
      if (fits(row)) rows.add(row);
      return rows.size < ROUTING_LIMITS.searched.value ? "on" : "stop";
    });
    return [...rows].map((row) => this.index.at(row));
  }
}

/** Draws a relay below its capacity that is related to none of `taken`, of another country if one is found soon. */
export function drawRelay(
  { index, random, rules }: Pick<Planner, "index" | "random" | "rules">,
  taken: readonly Candidate[],
  isUsable: (row: number) => boolean,
): Drawn | undefined {
  const lists = relayLists(index);
  const length = lists.reduce((sum, list) => sum + index.lists.length(list), 0);
  const isOpen = (row: number): boolean => !index.columns.has(row, ROW_BITS.full) && isUsable(row);
  const source = { lists, length, known: "knownRelay", isThorough: false } as const;
  return (
    drawNode(
      index,
      { ...source, fits: isOpen, isApart: (candidate) => isApart(candidate, taken, relatedOrNeighbours) },
      random,
      rules,
    ) ??
    drawNode(index, { ...source, fits: (row) => isOpen(row) && isApart(index.at(row), taken, related) }, random, rules)
  );
}

function relayLists(index: CandidateIndex): readonly number[] {
  const list = index.lists.find("relay/");
  return list === undefined ? [] : [list];
}

function isApart(
  candidate: Candidate,
  taken: readonly Candidate[],
  clash: (a: Candidate, b: Candidate) => boolean,
): boolean {
  return taken.every((one) => !clash(one, candidate));
}

function isWhole({ row }: PlannedRow, hops: number): boolean {
  return row.length === hops;
}
