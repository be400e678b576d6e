import type { Clock } from "./clock.ts";
import { BywayError } from "./errors.ts";

/** An abort that follows others. Dispose it when the work is done: its parents then forget it. */
export interface LinkedAbort extends Disposable {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
}

/**
 * Aborts with the reason of the first of `parents` that aborts, or by its own `abort`.
 * `AbortSignal.any` does the same but cannot be undone: a signal that lives as long as the node would remember every request.
 */
export function linkedAbort(...parents: readonly (AbortSignal | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const abort = (reason: unknown): void => controller.abort(reason);
  const follow = (event: Event): void => {
    if (event.target instanceof AbortSignal) abort(event.target.reason);
  };
  const aborted = parents.find((parent) => parent?.aborted === true);
  if (aborted !== undefined) abort(aborted.reason);
  else for (const parent of parents) parent?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    abort,
    [Symbol.dispose]() {
      for (const parent of parents) parent?.removeEventListener("abort", follow);
    },
  };
}

/** A signal with a time limit. Dispose it when the work is done: its timer ends and its parents forget it. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** Aborts with `error()` after `ms`, or with the reason of the first of `parents` that aborts. */
export function deadline(
  clock: Clock,
  ms: number,
  error: () => BywayError,
  ...parents: readonly (AbortSignal | undefined)[]
): Deadline {
  const linked = linkedAbort(...parents);
  const timer = clock.after(ms, () => linked.abort(error()));
  return {
    signal: linked.signal,
    [Symbol.dispose]() {
      timer.cancel();
      linked[Symbol.dispose]();
    },
  };
}

/** The reason of an aborted signal as a BywayError. */
export function abortReason(signal: AbortSignal): BywayError {
  const reason: unknown = signal.reason;
  return reason instanceof BywayError
    ? reason
    : new BywayError("ERR_ABORTED", "the request was aborted", { cause: reason });
}

/** Settles as `promise` does, or rejects with the abort reason as soon as `signal` aborts. */
export function withAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.reject(abortReason(signal));
  }
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Resolves after `ms`, at once if that is not above 0; rejects with the abort reason when `signal` aborts before. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(abortReason(signal));
    };
    const timer = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}
