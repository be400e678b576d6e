import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { LruMap } from "../rate/lru-map.ts";
import { isNobodyLeft } from "./build-failure.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitRequest } from "./circuit-request.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** The components of the memory of failed builds. */
export interface FailedBuildsComponents {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Changes whenever a node to choose from comes, changes or goes. Default: never. */
  readonly version?: () => number;
}

interface Failure {
  readonly error: BywayError;
  /** Failures since a build last succeeded. */
  readonly times: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly version: number;
  /** The next attempt, while it runs; never rejects. */
  trial?: Promise<void>;
}

/**
 * Remembers for which requests no circuit can be built because every node that fits failed, so that each of them does not dial
 * the same dead nodes again.
 *
 *     build ── every node failed ─► pause 0.5 s ─► one attempt ── failed ─► pause 1 s ─► one attempt ─► … 2 s
 *                                     │ a node came    │ all who come meanwhile wait for it
 *                                     └───────────────►└── open ──► forgotten
 *
 * Open circuits are used whatever is remembered here.
 */
export class FailedBuilds {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #version: () => number;
  /** By what decides which nodes fit; the one that failed longest ago first. */
  readonly #failures = new LruMap<string, Failure>({ most: CIRCUIT_LIMITS.failedBuilds.value });

  constructor({ clock, version = () => 0 }: FailedBuildsComponents) {
    this.#clock = clock;
    this.#version = version;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#failures.size;
  }

  /** The attempt to wait for before another one; undefined where the caller may build. Throws the last failure during a pause. */
  trial(key: string): Promise<void> | undefined {
    const failure = this.#failures.get(key);
    if (failure === undefined || failure.trial !== undefined) return failure?.trial;
    const waitMs = this.#waitMs(failure);
    if (waitMs > 0) throw repeated(failure.error, waitMs);
    return undefined;
  }

  /** Learns from a build that is for requests of `of.nodesKey`; nothing where that is undefined. */
  follow(of: Pick<CircuitRequest, "nodesKey">, build: Promise<Circuit>): void {
    const key = this.#failures.size > 0 ? of.nodesKey : undefined;
    const before = key === undefined ? undefined : this.#failures.get(key);
    const learnt = build.then(
      () => this.#forget(key),
      (cause: unknown) => {
        const error = toBywayError(cause);
        if (isNobodyLeft(error)) this.#failed(before, key ?? of.nodesKey, error);
        else this.#forget(key);
      },
    );
    if (before !== undefined) before.trial ??= learnt;
  }

  #forget(key: string | undefined): void {
    if (key !== undefined) this.#failures.delete(key);
  }

  #failed(before: Failure | undefined, key: string | undefined, error: BywayError): void {
    if (key === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const last = this.#failures.get(key);
    // Builds that ran at the same time count once.
    if (last !== undefined && last !== before) return;
    const { failedBuildPauseMs, failedBuildPauseMaxMs, failedBuildForgetMs } = CIRCUIT_LIMITS;
    const isRecent = last !== undefined && nowMs - last.untilMs < failedBuildForgetMs.value;
    const times = isRecent ? last.times + 1 : 1;
    const pauseMs = Math.min(failedBuildPauseMs.value * 2 ** (times - 1), failedBuildPauseMaxMs.value);
    this.#failures.set(key, {
      error,
      times,
      sinceMs: nowMs,
      untilMs: nowMs + pauseMs,
      version: this.#version(),
    });
  }

  /** The rest of the pause; it is short once a node came that may do. */
  #waitMs({ sinceMs, untilMs, version }: Failure): number {
    const shortMs = sinceMs + CIRCUIT_LIMITS.failedBuildLeastMs.value;
    return (version === this.#version() ? untilMs : Math.min(untilMs, shortMs)) - this.#clock.monotonicMs();
  }
}

/** The last failure, for a request that has tried nothing itself. */
function repeated(error: BywayError, waitMs: number): BywayError {
  const retryAfterSec = Math.max(1, Math.ceil(waitMs / 1_000));
  const message = `${error.message}; no other node fits, and these are tried again within ${retryAfterSec} s`;
  return new BywayError(error.code, message, {
    data: { ...error.data, retryAfterSec },
    retry: error.retry,
    cause: error,
  });
}
