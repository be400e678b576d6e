import { systemClock } from "../../src/core/clock.ts";

/** Far longer than anything on one machine takes, and far shorter than a test may. */
const LONGEST_MS = 20_000;

/** What `promise` settles with; fails after 20 seconds and says `what` has not come. */
export async function inTime<T>(promise: Promise<T>, what: string | (() => string)): Promise<T> {
  const late = Promise.withResolvers<never>();
  using _limit = systemClock.after(LONGEST_MS, () =>
    late.reject(new Error(`still not: ${typeof what === "string" ? what : what()}`)),
  );
  return await Promise.race([promise, late.promise]);
}
