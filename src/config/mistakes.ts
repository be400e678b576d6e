import { BywayError } from "../core/errors.ts";

/** Where a mistake is: the key of a setting, and the number of a table of it, from 1. */
export interface MistakePlace {
  readonly key: string;
  readonly table?: number;
}

/** Mistakes of one configuration, gathered so that all are told at once. */
export class Mistakes {
  readonly #found: { readonly error: BywayError; readonly place: MistakePlace | undefined }[] = [];
  /** Settings whose value could not be read. */
  readonly #unread = new Set<string>();

  /** Notes a mistake. */
  add(error: BywayError, place?: MistakePlace): void {
    this.#found.push({ error, place });
  }

  /** Notes a mistake that leaves the value of the setting `key` unread. */
  addUnread(error: BywayError, key: string, table?: number): void {
    this.add(error, table === undefined ? { key } : { key, table });
    this.#unread.add(key);
  }

  /**
   * Runs `act`, which looks at the settings `keys`, and notes what it throws, at `place` or else at the first key. Does nothing
   * if one of them could not be read: what follows of that is no mistake.
   */
  check(keys: readonly string[], act: () => unknown, place?: MistakePlace): void {
    const [key] = keys;
    if (keys.some((one) => this.#unread.has(one))) return;
    try {
      act();
    } catch (error) {
      if (!(error instanceof BywayError)) throw error;
      this.add(error, place ?? (key === undefined ? undefined : { key }));
    }
  }

  /**
   * Throws the first mistake if there is any, with the codes and messages of the others in `data.others`. `lineOf` says at which
   * line of the file a place is, where that is known.
   */
  throwIfAny(lineOf: (place: MistakePlace) => number | undefined = () => undefined): void {
    const told = this.#found.map(({ error, place }) => {
      const line = place === undefined ? undefined : lineOf(place);
      if (line === undefined) return error;
      const { code, message, data, retry, cause } = error;
      return new BywayError(code, `line ${line}: ${message}`, { data: { ...data, fileLine: line }, retry, cause });
    });
    const [first, ...others] = told;
    if (first === undefined) return;
    throw others.length === 0 ? first : first.with({ others: others.map(({ code, message }) => ({ code, message })) });
  }
}
