import { systemClock } from "../../src/core/clock.ts";

/** How often time is counted. A process that gets no turn counts less, so a busy machine fails no test. */
const TICK_MS = 100;

/**
 * What `promise` settles with. Fails after `ms` of this process's time and says `what` has not come. Anything on one machine
 * takes far less than the default; give more where another process has to start.
 */
export async function inTime<T>(promise: Promise<T>, what: string | (() => string), ms = 5_000): Promise<T> {
  const late = Promise.withResolvers<never>();
  let leftMs = ms;
  using _limit = systemClock.every(TICK_MS, () => {
    leftMs -= TICK_MS;
    if (leftMs <= 0) late.reject(new Error(`still not: ${typeof what === "string" ? what : what()}`));
  });
  return await Promise.race([promise, late.promise]);
}
