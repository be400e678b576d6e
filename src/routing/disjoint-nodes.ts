import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import type { Candidate } from "./candidate.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import { related, relatedOrNeighbours } from "./related.ts";

type Clash = (a: Candidate, b: Candidate) => boolean;

/**
 * Finds the nodes of a circuit of `count`, of which no two are related: `kept` first, then relays, the exit last. Of different
 * countries if that is possible. Returns the longest part of such a row that was found when there is no whole one.
 */
export function findDisjoint(
  exits: readonly Candidate[],
  relays: readonly Candidate[],
  count: number,
  random: Random,
  kept: readonly Candidate[] = [],
): readonly Candidate[] {
  const missing = count - kept.length;
  const firsts = shuffled(exits, random);
  const others = missing > 1 ? shuffled(relays, random) : [];
  let longest: readonly Candidate[] = [];
  for (const clash of [relatedOrNeighbours, related]) {
    const fits = (node: Candidate): boolean => !kept.some((one) => clash(one, node));
    const [exit, ...between] = new Search(missing, clash).run(firsts.filter(fits), others.filter(fits));
    longest = exit === undefined ? kept : [...kept, ...between, exit];
    if (longest.length === count) break;
  }
  return longest;
}

/** Depth-first search with a bound on its work. */
class Search {
  readonly #count: number;
  readonly #clash: Clash;
  #comparisonsLeft = ROUTING_LIMITS.maxPlanComparisons.value;
  #longest: readonly Candidate[] = [];

  constructor(count: number, clash: Clash) {
    this.#count = count;
    this.#clash = clash;
  }

  run(firsts: readonly Candidate[], others: readonly Candidate[]): readonly Candidate[] {
    for (const first of firsts) {
      if (this.#extend([first], others) || this.#comparisonsLeft <= 0) break;
    }
    return this.#longest;
  }

  /** Whether `chosen` could be made whole; `others` fit all of `chosen` but its last. */
  #extend(chosen: readonly Candidate[], others: readonly Candidate[]): boolean {
    if (chosen.length > this.#longest.length) this.#longest = chosen;
    if (chosen.length === this.#count) return true;
    const last = chosen.at(-1);
    if (last === undefined || this.#comparisonsLeft <= 0) return false;
    this.#comparisonsLeft -= others.length;
    const fitting = others.filter((other) => !this.#clash(last, other));
    // A node that was tried in vain in this place is no use in a later place of the same row either.
    for (let index = 0; chosen.length + fitting.length - index > this.#longest.length; index += 1) {
      const next = fitting[index];
      if (next !== undefined && this.#extend([...chosen, next], fitting.slice(index + 1))) return true;
      if (this.#comparisonsLeft <= 0) return false;
    }
    return false;
  }
}
