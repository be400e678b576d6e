import type { Clock } from "../core/clock.ts";
import type { BywayError } from "../core/errors.ts";
import { LruMap } from "../rate/lru-map.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

interface Refusal {
  readonly error: BywayError;
  readonly version: number;
  readonly untilMs: number;
}

/** Keeps for a moment that no node fits a request, so that the next one like it is not planned again. */
export class RefusalMemory {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #version: () => number;
  /** By what the plan depends on; the one noted longest ago first. */
  readonly #refusals = new LruMap<string, Refusal>({ most: DISPATCH_LIMITS.refusals.value });
  #repeated = 0;

  /** `version` changes whenever a node comes, changes or goes: what was noted before that counts no longer. */
  constructor(components: { readonly clock: Pick<Clock, "monotonicMs">; readonly version: () => number }) {
    this.#clock = components.clock;
    this.#version = components.version;
  }

  /** How many are kept. */
  get size(): number {
    return this.#refusals.size;
  }

  /** How many requests had their answer from here. */
  get repeated(): number {
    return this.#repeated;
  }

  /** Why the last request like this was refused; undefined where it must be planned. */
  find(key: string | undefined): BywayError | undefined {
    const refusal = key === undefined ? undefined : this.#refusals.get(key);
    if (key === undefined || refusal === undefined) return undefined;
    if (refusal.version === this.#version() && this.#clock.monotonicMs() < refusal.untilMs) {
      this.#repeated += 1;
      return refusal.error;
    }
    this.#refusals.delete(key);
    return undefined;
  }

  /** Notes that no node fitted; nothing where `key` is undefined, as `find` finds nothing then. */
  note(key: string | undefined, error: BywayError): void {
    if (key === undefined) return;
    const untilMs = this.#clock.monotonicMs() + DISPATCH_LIMITS.refusalMs.value;
    this.#refusals.set(key, { error, version: this.#version(), untilMs });
  }
}
