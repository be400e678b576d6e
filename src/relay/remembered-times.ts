import { forgetOldest } from "../core/forget-oldest.ts";

/** A time for each of many keys that strangers choose; beyond `most` the one that was set longest ago is forgotten. */
export class RememberedTimes {
  readonly #most: number;
  readonly #times = new Map<string, number>();

  constructor({ most }: { readonly most: number }) {
    this.#most = most;
  }

  get(key: string): number | undefined {
    return this.#times.get(key);
  }

  set(key: string, timeMs: number): void {
    this.#times.delete(key);
    this.#times.set(key, timeMs);
    forgetOldest(this.#times, this.#most);
  }

  delete(key: string): void {
    this.#times.delete(key);
  }
}
