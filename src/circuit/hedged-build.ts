import type { Clock, Timer } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import type { Circuit } from "./circuit.ts";
import type { BuildOptions, HopWait } from "./circuit-builder.ts";
import type { HedgeBudget } from "./hedge-budget.ts";

/** The components of a hedged build. */
export interface HedgedBuildComponents {
  readonly clock: Clock;
  readonly budget: HedgeBudget;
  readonly build: (options: BuildOptions) => Promise<Circuit>;
  /** Takes over the circuit that was ready second. */
  readonly onLate: (circuit: Circuit) => void;
}

/**
 * Builds a circuit for which a request waits. When a hop takes longer than nearly all hops at its place did, a second circuit
 * without it is begun beside the first. The one that is ready first wins (as in RFC 8305; Dean and Barroso, The Tail at Scale).
 *
 *     first  ──── hop ──── hop … slow …
 *     second                 └── hop ── hop ─► wins; the first goes to `onLate` when it is ready
 *
 * One at a time, within the budget, and not if the exit is fixed (`isExitFixed`) and is the slow hop.
 * Throws what the first build throws, when both have failed.
 */
export function buildHedged(
  { clock, budget, build, onLate }: HedgedBuildComponents,
  options: BuildOptions,
  { isExitFixed }: { readonly isExitFixed: boolean },
): Promise<Circuit> {
  const { promise, resolve, reject } = Promise.withResolvers<Circuit>();
  let timer: Timer | undefined;
  let isHedged = false;
  let isSettled = false;
  let failure: { readonly cause: unknown } | undefined;

  const stood = (circuit: Circuit): void => {
    timer?.cancel();
    if (isSettled) onLate(circuit);
    isSettled = true;
    resolve(circuit);
  };
  const hedge = (slow: HopWait): void => {
    if (isHedged || (isExitFixed && slow.isExit) || !budget.spend()) return;
    isHedged = true;
    const failed = new Set([...(options.failed ?? []), slow.peerId]);
    build({ ...options, failed }).then(stood, (cause: unknown) => {
      isHedged = false;
      // Nobody else is there: nothing was begun.
      if (toBywayError(cause).code === "ERR_NO_NODE") budget.refund();
      if (failure !== undefined) reject(failure.cause);
    });
  };
  const onWaiting = (wait: HopWait): void => {
    timer?.cancel();
    timer = isSettled ? undefined : clock.after(wait.expectedMs, () => hedge(wait));
  };

  budget.earn();
  build({ ...options, onWaiting }).then(stood, (cause: unknown) => {
    timer?.cancel();
    failure = { cause };
    if (!isHedged) reject(cause);
  });
  return promise;
}
