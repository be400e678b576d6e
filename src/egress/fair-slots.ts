import { BywayError } from "../core/errors.ts";
import type { LinkSession } from "../link/link-session.ts";
import { FairCounts, fullText } from "./fair-counts.ts";

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

  /** Takes a place for `link` and returns what gives it back (calling that twice is harmless). Throws ERR_STREAM_LIMIT if there is none. */
  take(link: LinkSession): () => void {
    const full = this.#counts.fullFor(link, this.#capacity);
    if (full === undefined) return this.#counts.take(link);
    throw new BywayError("ERR_STREAM_LIMIT", `the node ${fullText(full, `${this.#capacity} ${this.#what}`)}`);
  }
}
