import type { TrustSource } from "../trust/trust-source.ts";
import type { Candidate } from "./candidate.ts";
import { CandidateColumns } from "./candidate-columns.ts";
import { placeTerms, TERM_COUNT, TERM_SLOTS, type TermKind, term } from "./candidate-terms.ts";
import { PostingLists } from "./posting-lists.ts";
import { scoreParts } from "./score.ts";

/** What an index reads. */
export interface CandidateIndexComponents {
  readonly trust: TrustSource;
}

/** A node of which this client saw less than this has little history. */
export const LITTLE_HISTORY = 3;
const NO_LIST = -1;

/**
 * The nodes that may be chosen, in rows from 0 up, each listed under what it may be looked for by. Only nodes that are alive
 * and speak this protocol's version belong in here: whoever puts them in sees to that.
 *
 * Choosing costs what the answer costs, not what the directory does. A row's number changes when another row goes.
 */
export class CandidateIndex {
  readonly columns: CandidateColumns = new CandidateColumns();
  readonly lists: PostingLists = new PostingLists();
  readonly #trust: TrustSource;
  readonly #candidates: Candidate[] = [];
  readonly #rows = new Map<string, number>();
  /** For each row and term slot the list, and the place in it. */
  #listOf = new Int32Array(0);
  #placeOf = new Int32Array(0);

  constructor(components: CandidateIndexComponents) {
    this.#trust = components.trust;
  }

  /** How many nodes are in it. */
  get size(): number {
    return this.#candidates.length;
  }

  /** Adds a node, or puts what is known of it now in the place of what was. */
  put(candidate: Candidate): void {
    const known = this.#rows.get(candidate.peerId);
    const row = known ?? this.#candidates.length;
    if (known === undefined) this.#rows.set(candidate.peerId, row);
    else this.#unlist(row);
    this.#makeRoom(row);
    this.#candidates[row] = candidate;
    const trust = this.#trust.trustOf(candidate.peerId);
    this.columns.set(row, candidate, scoreParts(candidate, trust), trust.observations);
    this.#list(row, candidate, trust.observations);
  }

  /** Takes a node out; nothing where it is not in. */
  remove(peerId: string): void {
    const row = this.#rows.get(peerId);
    if (row === undefined) return;
    this.#unlist(row);
    this.#rows.delete(peerId);
    const last = this.#candidates.pop();
    if (last === undefined || last.peerId === peerId) return;
    const from = this.#candidates.length;
    this.#candidates[row] = last;
    this.#rows.set(last.peerId, row);
    this.columns.move(from, row);
    for (let slot = 0; slot < TERM_COUNT; slot += 1) {
      const list = this.#listOf[from * TERM_COUNT + slot] ?? NO_LIST;
      const place = this.#placeOf[from * TERM_COUNT + slot] ?? 0;
      this.#listOf[row * TERM_COUNT + slot] = list;
      this.#placeOf[row * TERM_COUNT + slot] = place;
      // The next one to stand there may have fewer terms.
      this.#listOf[from * TERM_COUNT + slot] = NO_LIST;
      if (list !== NO_LIST) this.lists.setAt(list, place, row);
    }
  }

  get(peerId: string): Candidate | undefined {
    const row = this.#rows.get(peerId);
    return row === undefined ? undefined : this.#candidates[row];
  }

  /** The nodes that are in it. */
  get all(): Iterable<Candidate> {
    return this.#candidates;
  }

  /** Reads again how far a node is trusted; nothing where it is not in. */
  refresh(peerId: string): void {
    const row = this.#rows.get(peerId);
    if (row === undefined) return;
    const candidate = this.at(row);
    const trust = this.#trust.trustOf(peerId);
    const wasKnown = this.columns.observations(row) >= LITTLE_HISTORY;
    // Every stream that a node answers comes by here, and few change the lists.
    if (wasKnown === trust.observations >= LITTLE_HISTORY) {
      this.columns.setScore(row, scoreParts(candidate, trust), trust.observations);
    } else this.put(candidate);
  }

  /** The row of a node; undefined where it is not in. */
  rowOf(peerId: string): number | undefined {
    return this.#rows.get(peerId);
  }

  /** The node of a row. @throws RangeError where there is no such row. */
  at(row: number): Candidate {
    const candidate = this.#candidates[row];
    if (candidate === undefined) throw new RangeError(`no row ${row}`);
    return candidate;
  }

  /** Whether a row is in one of `lists`, which are of terms of `kind`. */
  isListed(row: number, kind: TermKind, lists: readonly number[]): boolean {
    const [first, count] = TERM_SLOTS[kind];
    for (let slot = first; slot < first + count; slot += 1) {
      const list = this.#listOf[row * TERM_COUNT + slot] ?? NO_LIST;
      if (list !== NO_LIST && lists.includes(list)) return true;
    }
    return false;
  }

  #makeRoom(row: number): void {
    if ((row + 1) * TERM_COUNT <= this.#listOf.length) return;
    const length = Math.max(16, Math.ceil(row * 1.5)) * TERM_COUNT;
    const listOf = new Int32Array(length).fill(NO_LIST);
    listOf.set(this.#listOf);
    const placeOf = new Int32Array(length);
    placeOf.set(this.#placeOf);
    this.#listOf = listOf;
    this.#placeOf = placeOf;
  }

  #list(row: number, candidate: Candidate, observations: number): void {
    const isKnown = observations >= LITTLE_HISTORY;
    if (candidate.roles.includes("exit")) {
      // Nobody looks for relays by their place.
      for (const [kind, terms] of placeTerms(candidate)) this.#listUnder(row, kind, terms);
      this.#listUnder(row, "exit", [term("exit", "")]);
      if (isKnown) this.#listUnder(row, "knownExit", [term("knownExit", "")]);
      if (candidate.denied !== undefined) this.#listUnder(row, "denied", [term("denied", "")]);
    }
    if (candidate.roles.includes("relay")) {
      this.#listUnder(row, "relay", [term("relay", "")]);
      if (isKnown) this.#listUnder(row, "knownRelay", [term("knownRelay", "")]);
    }
  }

  #listUnder(row: number, kind: TermKind, terms: readonly string[]): void {
    const [first, count] = TERM_SLOTS[kind];
    for (const [index, text] of terms.slice(0, count).entries()) {
      const list = this.lists.add(text, row);
      const slot = row * TERM_COUNT + first + index;
      this.#listOf[slot] = list;
      this.#placeOf[slot] = this.lists.length(list) - 1;
    }
  }

  #unlist(row: number): void {
    for (let slot = row * TERM_COUNT; slot < (row + 1) * TERM_COUNT; slot += 1) {
      const list = this.#listOf[slot] ?? NO_LIST;
      if (list === NO_LIST) continue;
      const place = this.#placeOf[slot] ?? 0;
      this.#listOf[slot] = NO_LIST;
      const moved = this.lists.removeAt(list, place);
      if (moved >= 0) this.#setPlace(moved, list, place);
    }
  }

  #setPlace(row: number, list: number, place: number): void {
    for (let slot = row * TERM_COUNT; slot < (row + 1) * TERM_COUNT; slot += 1) {
      if (this.#listOf[slot] === list) this.#placeOf[slot] = place;
    }
  }
}
