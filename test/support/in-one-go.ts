import { runInNewContext } from "node:vm";

/** Far longer than a single look at the bytes takes, and far shorter than one look for each of them. */
const LONGEST_MS = 10_000;

/** What `run`, which is synchronous, returns; it is stopped after ten seconds, and the error says that `what` has not ended. */
export function inOneGo<T>(run: () => T, what: string): T {
  try {
    return runInNewContext("run()", { run }, { timeout: LONGEST_MS }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new Error(`${what}: it has not ended after ${LONGEST_MS} ms`, { cause: error });
  }
}
