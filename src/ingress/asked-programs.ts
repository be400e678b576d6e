import type { Clock } from "../core/clock.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import { INGRESS_LIMITS } from "./limits.ts";

interface Asked {
  /** Times that it was asked and had time to answer. */
  times: number;
  lastMs: number;
}

/** Who sends a request: an address, a program there, and where that wants to go. */
export interface Asker {
  readonly address: string;
  readonly program: string;
  readonly host: string;
}

/**
 * Remembers which programs were asked for a user name, so that one which has none gets through all the same. A program with
 * a name answers a 407 at once. One that comes back without a name `nameAnswerMs` later has none. It is asked a second time, since
 * the first refusal makes people give it one, and is then let through to this host, until it has been silent for
 * `namelessMs`. A program that has ever answered is asked each time for an hour: browsers send requests of their own that never bear
 * the name, and ffmpeg begins each run without.
 */
export class AskedPrograms {
  readonly #clock: Clock;
  /** By address, program and host; the one heard of longest ago stands first. */
  readonly #asked = new Map<string, Asked>();
  /** When a program of an address last sent a name. */
  readonly #named = new Map<string, number>();

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  /** Programs of which something is remembered. */
  get size(): number {
    return this.#asked.size + this.#named.size;
  }

  /** Whether a request without a name is to be refused with 407; notes that it was. */
  asks(asker: Asker): boolean {
    const nowMs = this.#clock.monotonicMs();
    const { namelessMs, nameAnswerMs, nameAsks } = INGRESS_LIMITS;
    if (this.#hasAnswered(asker)) return true;
    const key = hostKey(asker);
    const asked = this.#asked.get(key);
    if (asked === undefined || nowMs - asked.lastMs > namelessMs.value) {
      remember(this.#asked, key, { times: 1, lastMs: nowMs });
      return true;
    }
    // Requests that began together are refused together: none of them has had time to answer.
    if (nowMs - asked.lastMs < nameAnswerMs.value && asked.times <= nameAsks.value) return true;
    remember(this.#asked, key, { times: Math.min(asked.times + 1, nameAsks.value + 1), lastMs: nowMs });
    return asked.times < nameAsks.value;
  }

  /** Whether a program came back without a name, after it was asked and had time to answer. */
  isNameless(asker: Asker): boolean {
    return !this.#hasAnswered(asker) && (this.#asked.get(hostKey(asker))?.times ?? 0) > 1;
  }

  /** Notes that a program of this address has sent a name. */
  noteName(asker: Asker): void {
    this.#asked.delete(hostKey(asker));
    remember(this.#named, programKey(asker), this.#clock.monotonicMs());
  }

  #hasAnswered(asker: Asker): boolean {
    const namedMs = this.#named.get(programKey(asker)) ?? Number.NEGATIVE_INFINITY;
    return this.#clock.monotonicMs() - namedMs < INGRESS_LIMITS.namedForMs.value;
  }
}

function programKey({ address, program }: Asker): string {
  return `${address} ${program}`;
}

function hostKey({ host, ...who }: Asker): string {
  return `${programKey({ host, ...who })} ${host}`;
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  forgetOldest(map, INGRESS_LIMITS.askedPrograms.value);
}
