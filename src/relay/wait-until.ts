import { abortReason } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";

/** Settles at `untilMs` of the monotonic clock; throws the abort reason. */
export function waitUntil(clock: Clock, untilMs: number, signal: AbortSignal): Promise<void> {
  const leftMs = untilMs - clock.monotonicMs();
  if (signal.aborted) return Promise.reject(abortReason(signal));
  if (leftMs <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel();
      reject(abortReason(signal));
    };
    const timer = clock.after(leftMs, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
