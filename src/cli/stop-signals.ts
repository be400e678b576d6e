import type { StopSignal } from "./terminal.ts";

/** What stop signals need of `process`. */
export interface SignalSource {
  on(event: StopSignal | "disconnect", listener: () => void): unknown;
  on(event: "message", listener: (message: unknown) => void): unknown;
  /** The channel to the launcher, if it started this process. */
  readonly channel?: { unref(): void } | null | undefined;
}

/** 128 + the signal's number, as shells report it. */
export const STOP_EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

function forwardedSignal(message: unknown): StopSignal | undefined {
  const name = (message as { bywaySignal?: unknown } | null)?.bywaySignal;
  return STOP_SIGNALS.find((signal) => signal === name);
}

/**
 * Calls `onFirst` with the first request to stop and `onSecond` with the one after it. With `onHangup`, SIGHUP is no request,
 * and that is called instead.
 *
 * Started by the launcher, this process hears a Ctrl-C twice: from the terminal, which signals the whole
 * foreground group, and from the launcher's message. A `kill` of the launcher comes by message only. So the
 * two ways are counted apart, and the greater count is how often somebody asked. The launcher's death counts as SIGHUP, and
 * always asks to stop.
 */
export function watchStopSignals(
  source: SignalSource,
  onFirst: (signal: StopSignal) => void,
  onSecond: (signal: StopSignal) => void,
  onHangup?: () => void,
): void {
  const direct = { SIGINT: 0, SIGTERM: 0, SIGHUP: 0 };
  const forwarded = { SIGINT: 0, SIGTERM: 0, SIGHUP: 0 };
  const countOf = (signal: StopSignal): number => Math.max(direct[signal], forwarded[signal]);
  const requests = STOP_SIGNALS.filter((signal) => signal !== "SIGHUP" || onHangup === undefined);
  let seen = 0;
  let hangups = 0;
  const stop = (signal: StopSignal): void => {
    seen += 1;
    if (seen === 1) onFirst(signal);
    else onSecond(signal);
  };
  const count = (signal: StopSignal): void => {
    if (requests.includes(signal)) {
      if (requests.reduce((sum, name) => sum + countOf(name), 0) > seen) stop(signal);
    } else if (countOf(signal) > hangups) {
      hangups += 1;
      onHangup?.();
    }
  };
  for (const signal of STOP_SIGNALS) {
    source.on(signal, () => {
      direct[signal] += 1;
      count(signal);
    });
  }
  if (source.channel === undefined || source.channel === null) return;
  source.on("message", (message) => {
    const signal = forwardedSignal(message);
    if (signal === undefined) return;
    forwarded[signal] += 1;
    count(signal);
  });
  source.on("disconnect", () => {
    if (seen === 0) stop("SIGHUP");
  });
  // The channel alone must not keep a finished command alive.
  source.channel.unref();
}
