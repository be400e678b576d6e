import { foldName } from "../geo/fold-name.ts";
import { isWitnessed } from "../peers/is-witnessed.ts";
import { isInPortRanges } from "../wire/port-range.ts";
import { ROW_BITS } from "./candidate-columns.ts";
import type { CandidateIndex } from "./candidate-index.ts";
import { type TermKind, term } from "./candidate-terms.ts";
import type { Constraints } from "./constraints.ts";
import { claimsInVain, type DeniedClaim } from "./denied-claims.ts";
import type { DeniedExits, FunnelStep } from "./no-node.ts";
import type { PlanRequest } from "./plan-request.ts";

/** One constraint on the exit. */
interface Step {
  /** As an error names it. */
  readonly constraint: string;
  /** What it leaves, after the number. */
  readonly what: string;
  readonly fits: (row: number) => boolean;
  /** The lists of those that fit, where there are such lists. */
  readonly lists?: readonly number[];
  /** Whether the node in a row claims to fit and is not believed. Absent if nodes claim no such thing. */
  readonly isDenied?: (row: number) => boolean;
  /** Nobody asked for it: told only where it takes somebody out. */
  readonly isSilent?: boolean;
}

/** What a request asks of its exit, each constraint once, in the order in which the funnel tells them. */
export class ExitFilter {
  /** The lists of which one holds each exit that fits: the shortest there are. */
  readonly lists: readonly number[];
  /** The one exit that can fit, where one is named; -1 where it is not known. */
  readonly only: number | undefined;
  readonly #index: CandidateIndex;
  readonly #steps: readonly Step[];

  /** `hops` is how many the circuit will have. */
  constructor(index: CandidateIndex, request: PlanRequest, hops = 1) {
    this.#index = index;
    this.#steps = stepsOf(index, request, hops);
    const { exit = request.constraints.node } = request;
    this.only = exit === undefined ? undefined : (index.rowOf(exit) ?? -1);
    let shortest = listsOf(index, "exit", [""]);
    for (const { lists } of this.#steps) shortest = shorter(index, shortest, lists);
    this.lists = shortest;
  }

  /** How many rows there are in `lists`. */
  get length(): number {
    return this.only === undefined ? total(this.#index, this.lists) : 1;
  }

  /** Whether the exit in a row meets every constraint. */
  fits(row: number): boolean {
    for (const step of this.#steps) if (!step.fits(row)) return false;
    return true;
  }

  /** Calls `visit` with each row that may fit, some perhaps twice. */
  each(visit: (row: number) => void): void {
    if (this.only !== undefined) {
      if (this.only >= 0) visit(this.only);
      return;
    }
    eachRow(this.#index, this.lists, visit);
  }

  /**
   * How many nodes each constraint leaves, and the first that leaves none, with the exits that claim to fit that one and are
   * not believed. Looks at every exit of the first constraint.
   */
  funnel(): {
    readonly steps: readonly FunnelStep[];
    readonly empties: string | undefined;
    readonly denied?: DeniedExits;
  } {
    const { size } = this.#index;
    const exits = total(this.#index, listsOf(this.#index, "exit", [""]));
    const steps: FunnelStep[] = [{ left: size, what: size === 1 ? "node" : "nodes" }];
    if (size === 0) return { steps, empties: "any request" };
    steps.push({ left: exits, what: exits === 1 ? "exit" : "exits" });
    if (exits === 0) return { steps, empties: "role=exit" };
    const counts = this.#counts();
    let before = exits;
    for (const [index, { what, constraint, isSilent }] of this.#steps.entries()) {
      const left = counts[index] ?? 0;
      if (isSilent !== true || left < before) steps.push({ left, what });
      if (left === 0) {
        const count = this.#countDenied(index);
        return { steps, empties: constraint, ...(count === 0 ? {} : { denied: { count, what } }) };
      }
      before = left;
    }
    return { steps, empties: undefined };
  }

  /** How many exits would be left by the step at `last` if their claims were believed. Looks at those alone that claim in vain. */
  #countDenied(last: number): number {
    const asked = this.#steps[last];
    if (asked?.isDenied === undefined) return 0;
    const before = this.#steps.slice(0, last);
    let count = 0;
    eachRow(this.#index, listsOf(this.#index, "denied", [""]), (row) => {
      const fits = before.every((step) => step.fits(row) || step.isDenied?.(row) === true);
      if (fits && asked.isDenied?.(row) === true) count += 1;
    });
    return count;
  }

  /** How many rows each step leaves. Always goes along the shortest list there is so far. */
  #counts(): readonly number[] {
    const steps = this.#steps;
    const counts = steps.map(() => 0);
    let shortest = listsOf(this.#index, "exit", [""]);
    for (let first = 0; first < steps.length; ) {
      shortest = shorter(this.#index, shortest, steps[first]?.lists);
      let end = first + 1;
      while (end < steps.length && shorter(this.#index, shortest, steps[end]?.lists) === shortest) end += 1;
      // One list alone needs no look at its rows.
      if (first === 0 && end === 1 && shortest.length === 1 && steps[0]?.lists === shortest)
        counts[0] = total(this.#index, shortest);
      else this.#count(shortest, first, end, counts);
      first = end;
    }
    return counts;
  }

  /** Counts what the steps from `first` to before `end` leave of the rows of some lists. */
  #count(lists: readonly number[], first: number, end: number, counts: number[]): void {
    const steps = this.#steps.slice(0, end);
    const seen = new Set<number>();
    const count = (row: number): void => {
      if (seen.has(row)) return;
      if (lists.length > 1) seen.add(row);
      for (const [at, step] of steps.entries()) {
        if (!step.fits(row)) return;
        if (at >= first) counts[at] = (counts[at] ?? 0) + 1;
      }
    };
    if (this.only === undefined) eachRow(this.#index, lists, count);
    else if (this.only >= 0) count(this.only);
  }
}

function shorter(
  index: CandidateIndex,
  lists: readonly number[],
  others: readonly number[] | undefined,
): readonly number[] {
  return others !== undefined && total(index, others) < total(index, lists) ? others : lists;
}

function eachRow(index: CandidateIndex, lists: readonly number[], visit: (row: number) => void): void {
  for (const list of lists) for (const row of index.lists.rowsOf(list)) visit(row);
}

function total(index: CandidateIndex, lists: readonly number[]): number {
  return lists.reduce((sum, list) => sum + index.lists.length(list), 0);
}

/** The lists of those names that somebody has. */
function listsOf(index: CandidateIndex, kind: TermKind, names: readonly (string | number)[]): readonly number[] {
  return [...new Set(names)].flatMap((name) => index.lists.find(term(kind, name)) ?? []);
}

function stepsOf(index: CandidateIndex, request: PlanRequest, hops: number): readonly Step[] {
  const { constraints, exit, exitAsn, failed, port } = request;
  const { columns } = index;
  const steps: Step[] = [];
  const add = (constraint: string, what: string, fits: Step["fits"], isSilent = false): void => {
    steps.push({ constraint, what, fits, isSilent });
  };
  for (const id of new Set([exit ?? constraints.node, constraints.node])) {
    if (id !== undefined)
      add(`node=${id}`, "of that id", (row) => row === index.rowOf(id) && columns.has(row, ROW_BITS.exit));
  }
  steps.push(...placeSteps(index, constraints));
  if (exitAsn !== undefined) steps.push(listedStep(index, "asn", "sticky-asn", "in AS ", [exitAsn]));
  const { networks = [], protocol, maxMicroUsdcPerGiB, minTrust } = constraints;
  if (networks.length > 0) {
    const bits = networks.reduce((sum, kind) => sum | ROW_BITS[kind], 0);
    steps.push({
      constraint: `network=${networks.join("+")}`,
      what: `of network ${networks.join("+")}`,
      fits: (row) => columns.has(row, bits),
      isDenied: (row) => claimsInVain(index.at(row), "network", networks),
    });
  }
  for (const name of new Set([protocol, request.protocol])) {
    if (name !== undefined) add(`protocol=${name}`, `with ${name}`, (row) => columns.has(row, ROW_BITS[name]));
  }
  if (port !== undefined) add(`port=${port}`, `accepting port ${port}`, portTest(index, port));
  if (maxMicroUsdcPerGiB !== undefined) {
    const most = Number(maxMicroUsdcPerGiB);
    const asked = String(most / 1e6);
    add(`maxprice=${asked}`, `for at most ${asked} USDC a GiB`, (row) => columns.price(row) <= most);
  }
  if (minTrust !== undefined)
    add(`minTrust=${minTrust}`, `trusted ${minTrust} or more`, (row) => columns.trust(row) >= Math.fround(minTrust));
  if (hops > 1)
    add("nodes that two networks named", "named by two networks", (row) => isWitnessed(index.at(row), index.all), true);
  // A session's exit stays its exit when it is busy.
  if (exit === undefined) add("load below 90 %", "below capacity", (row) => !columns.has(row, ROW_BITS.full), true);
  if (failed !== undefined && failed.size > 0)
    add("nodes that do not fail", "not failing", (row) => !failed.has(index.at(row).peerId), true);
  return steps;
}

/** The steps of where the exit stands. */
function placeSteps(index: CandidateIndex, constraints: Constraints): readonly Step[] {
  const { countries = [], regions = [], cities = [], asns = [], isps = [] } = constraints;
  const steps = [
    listedStep(index, "country", "country", "in ", countries),
    listedStep(index, "region", "region", "in region ", regions, foldName),
    listedStep(index, "city", "city", "in city ", cities, foldName),
    listedStep(index, "asn", "asn", "in AS ", asns),
    listedStep(index, "isp", "isp", "of isp ", isps, foldName),
  ];
  const asked = [countries, regions, cities, asns, isps];
  return steps.filter((_, at) => (asked[at]?.length ?? 0) > 0);
}

function listedStep(
  index: CandidateIndex,
  kind: TermKind & DeniedClaim,
  key: string,
  before: string,
  asked: readonly (string | number)[],
  fold: (name: string) => string = (name) => name,
): Step {
  const lists = listsOf(
    index,
    kind,
    asked.map((name) => fold(String(name))),
  );
  const written = asked.join("+");
  return {
    constraint: `${key}=${written}`,
    what: before + written,
    fits: (row) => index.isListed(row, kind, lists),
    isDenied: (row) => claimsInVain(index.at(row), kind, asked),
    lists,
  };
}

function portTest(index: CandidateIndex, port: number): (row: number) => boolean {
  if (port === 443) return (row) => index.columns.has(row, ROW_BITS.port443);
  if (port === 80) return (row) => index.columns.has(row, ROW_BITS.port80);
  return (row) => isInPortRanges(index.at(row).acceptedPorts, port);
}
