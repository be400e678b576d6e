import { BywayError } from "../core/errors.ts";

/** A bounded number of places for one kind of thing that strangers can open. */
export class Slots {
  readonly #capacity: number;
  readonly #what: string;
  #taken = 0;

  /** `what` names the things in the plural, as the message shows them. */
  constructor(capacity: number, what: string) {
    this.#capacity = capacity;
    this.#what = what;
  }

  /** How many are in use. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a place and returns what gives it back (calling that twice is harmless); throws ERR_STREAM_LIMIT when full. */
  take(): () => void {
    if (this.#taken >= this.#capacity) {
      throw new BywayError("ERR_STREAM_LIMIT", `the node has ${this.#capacity} ${this.#what} open already`);
    }
    this.#taken += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken -= 1;
    };
  }
}
