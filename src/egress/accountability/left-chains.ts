import type { KeyObject } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PeerId } from "../../identity/peer-id.ts";
import { claimLock } from "../../storage/claimed-lock.ts";
import { readHead, writeHead } from "./chain-head.ts";
import { listChainsIn, listLogFiles } from "./log-files.ts";
import { recordTime } from "./log-record.ts";
import { countOldFiles } from "./old-files.ts";

/**
 * Removes what is older than `days` from the chains beside `directory` that nobody writes: those of a node that had more
 * processes for links. Chains that are locked are left to their writers. `nowMs` is a time that is believed. Throws Node's
 * system errors.
 */
export async function tendLeftChains(
  directory: string,
  options: { readonly days: number; readonly nowMs: number; readonly peerId: PeerId; readonly privateKey: KeyObject },
): Promise<void> {
  const { days, nowMs, peerId, privateKey } = options;
  for (const chain of await listChainsIn(dirname(directory))) {
    if (chain.directory === directory) continue;
    const files = await listLogFiles(chain.directory);
    const old = files.slice(0, countOldFiles(files, nowMs, days));
    if (old.length === 0) continue;
    const lock = await claimLock(join(chain.directory, "lock"));
    if (lock === undefined) continue;
    try {
      const head = await readHead(chain.directory);
      if (typeof head !== "string") {
        const upTo = old.at(-1)?.number ?? 0;
        const removed = { by: "age", upTo, time: recordTime(nowMs) } as const;
        const oldest = Math.max(head.oldest, upTo + 1);
        await writeHead(chain.directory, { ...head, peer: peerId, oldest, removed }, privateKey);
      }
      for (const { path } of old) await rm(path, { force: true });
    } finally {
      lock.release();
    }
  }
}
