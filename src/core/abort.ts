import type { Clock } from "./clock.ts";
import { BywayError } from "./errors.ts";

/** A signal with a time limit; dispose it when the work is done, so that the timer goes. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** Aborts with `error()` after `ms`, or with the parent's reason when `parent` aborts first. */
export function deadline(clock: Clock, ms: number, error: () => BywayError, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  const timer = clock.after(ms, () => controller.abort(error()));
  const follow = (): void => controller.abort(parent?.reason);
  if (parent?.aborted === true) follow();
  else parent?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      timer.cancel();
      parent?.removeEventListener("abort", follow);
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

/** Resolves after `ms`; rejects with the abort reason when `signal` aborts before, and leaves no timer behind. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(abortReason(signal));
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
