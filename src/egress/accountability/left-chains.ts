import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { claimLock } from "../../core/claimed-lock.ts";
import { listChainsIn, listLogFiles } from "./log-files.ts";
import { oldestDayKept } from "./log-record.ts";

/**
 * Removes what is older than `days` from the chains beside `directory` that nobody writes: those of a node that had more
 * processes for links. Chains that are locked are left to their writers. Throws Node's system errors.
 */
export async function tendLeftChains(directory: string, days: number, nowMs: number): Promise<void> {
  const oldestDay = oldestDayKept(nowMs, days);
  for (const chain of await listChainsIn(dirname(directory))) {
    if (chain.directory === directory) continue;
    const old = (await listLogFiles(chain.directory)).filter(({ day }) => day < oldestDay);
    if (old.length === 0) continue;
    const lock = await claimLock(join(chain.directory, "lock"));
    if (lock === undefined) continue;
    try {
      for (const { path } of old) await rm(path, { force: true });
    } finally {
      lock.release();
    }
  }
}
