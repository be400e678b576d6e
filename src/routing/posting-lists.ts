/** The first list of a term with two rows; most terms of a hostile node have one row alone and no array. */
const FIRST_ROWS = 4;

/**
 * For each term the rows that have it. A term costs nothing once no row has it any more. Adding and removing cost the same
 * however long a list is. Lists have numbers, which are used again.
 */
export class PostingLists {
  readonly #lists = new Map<string, number>();
  readonly #terms: string[] = [];
  /** A list of one row is that row. */
  readonly #rows: (number | Int32Array)[] = [];
  readonly #lengths: number[] = [];
  readonly #free: number[] = [];

  /** How many terms have rows. */
  get size(): number {
    return this.#lists.size;
  }

  /** The list of a term; undefined where no row has it. */
  find(term: string): number | undefined {
    return this.#lists.get(term);
  }

  length(list: number): number {
    return this.#lengths[list] ?? 0;
  }

  /** The row at a place of a list; -1 outside. */
  rowAt(list: number, place: number): number {
    const rows = this.#rows[list];
    if (typeof rows === "number") return rows;
    return rows?.[place] ?? -1;
  }

  /** All rows of a list, until it changes. */
  rowsOf(list: number): Int32Array {
    const rows = this.#rows[list] ?? 0;
    return typeof rows === "number" ? Int32Array.of(rows) : rows.subarray(0, this.#lengths[list]);
  }

  /** Adds a row to the list of `term`; returns the list. The row's place is the last one of it. */
  add(term: string, row: number): number {
    const known = this.#lists.get(term);
    if (known === undefined) return this.#begin(term, row);
    const length = this.#lengths[known] ?? 0;
    let rows = this.#rows[known];
    if (typeof rows === "number" || rows === undefined || rows.length === length) {
      const grown = new Int32Array(Math.max(FIRST_ROWS, Math.ceil(length * 1.5)));
      if (typeof rows === "number") grown[0] = rows;
      else if (rows !== undefined) grown.set(rows);
      rows = grown;
      this.#rows[known] = grown;
    }
    rows[length] = row;
    this.#lengths[known] = length + 1;
    return known;
  }

  /** Takes out what stands at `place`; returns the row that was last and stands there now, -1 when none was moved. */
  removeAt(list: number, place: number): number {
    const last = (this.#lengths[list] ?? 0) - 1;
    this.#lengths[list] = last;
    if (last <= 0) {
      this.#lists.delete(this.#terms[list] ?? "");
      this.#terms[list] = "";
      this.#rows[list] = 0;
      this.#free.push(list);
      return -1;
    }
    const rows = this.#rows[list];
    if (rows === undefined || typeof rows === "number") return -1;
    const moved = rows[last] ?? -1;
    rows[place] = moved;
    if (rows.length > FIRST_ROWS && last < rows.length / 4)
      this.#rows[list] = rows.slice(0, Math.max(FIRST_ROWS, last));
    return place === last ? -1 : moved;
  }

  /** Writes another row at a place: the row has got another number. */
  setAt(list: number, place: number, row: number): void {
    const rows = this.#rows[list];
    if (typeof rows === "number") this.#rows[list] = row;
    else if (rows !== undefined) rows[place] = row;
  }

  #begin(term: string, row: number): number {
    const list = this.#free.pop() ?? this.#terms.length;
    this.#lists.set(term, list);
    this.#terms[list] = term;
    this.#rows[list] = row;
    this.#lengths[list] = 1;
    return list;
  }
}
