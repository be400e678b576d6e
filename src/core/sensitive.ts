import { inspect } from "node:util";

const SCRUBBED = "[scrubbed]";

/**
 * A value that must not reach a log: a destination, client address, key or payload.
 * Printing it in any way gives `[scrubbed]`; `reveal` is the one way to the value.
 */
export class Sensitive<T> {
  static {
    Object.defineProperty(Sensitive.prototype, inspect.custom, { value: () => SCRUBBED });
  }

  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself, for use and not for printing. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return SCRUBBED;
  }

  toJSON(): string {
    return SCRUBBED;
  }
}
