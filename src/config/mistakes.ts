import { BywayError } from "../core/errors.ts";

/** Mistakes of one configuration, gathered so that all are told at once. */
export class Mistakes {
  readonly #found: BywayError[] = [];

  /** Notes a mistake. */
  add(mistake: BywayError): void {
    this.#found.push(mistake);
  }

  /** What `act` returns; undefined, with the mistake noted, where it throws a BywayError. */
  attempt<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof BywayError)) throw error;
      this.add(error);
      return undefined;
    }
  }

  /** Throws the first mistake if there is any, with the codes and messages of the others in `data.others`. */
  throwIfAny(): void {
    const [first, ...others] = this.#found;
    if (first === undefined) return;
    throw others.length === 0 ? first : first.with({ others: others.map(({ code, message }) => ({ code, message })) });
  }
}
