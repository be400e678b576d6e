import { BywayError } from "../core/errors.ts";
import { type Asker, FairCounts, fullText } from "./fair-counts.ts";

/** A bounded number of places for one kind of thing that strangers can open, shared between them (`FairCounts`). */
export class FairSlots {
  readonly #capacity: number;
  readonly #what: string;
  readonly #counts = new FairCounts();

  /** `what` names the things in the plural, as the message shows them. */
  constructor(capacity: number, what: string) {
    this.#capacity = capacity;
    this.#what = what;
  }

  /** How many are in use. */
  get taken(): number {
    return this.#counts.taken;
  }

  /** Takes a place for `asker` and returns what gives it back (calling that twice is harmless). Throws ERR_STREAM_LIMIT if there is none. */
  take(asker: Asker): () => void {
    const full = this.#counts.fullFor(asker, this.#capacity);
    if (full === undefined) return this.#counts.take(asker);
    throw new BywayError("ERR_STREAM_LIMIT", `the node ${fullText(full, `${this.#capacity} ${this.#what}`)}`);
  }
}
