import { open } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { systemCode } from "./errors.ts";

const SQLITE_BUSY = 5;

/** A lock on a file; the system takes it back from a process that dies, however it dies. */
export interface ClaimedLock {
  release(): void;
}

/**
 * Locks the file `path`, which is made (mode 0600) and stays; undefined where somebody holds it. An SQLite database is the
 * way to a lock of the system that Node has: sockets and files that a killed process left cannot be told from those of
 * one that lives without a moment in between. Throws what Node and SQLite throw.
 */
export async function claimLock(path: string): Promise<ClaimedLock | undefined> {
  await makeFile(path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Nothing is ever written, so no journal needs a file.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY) return undefined;
    throw error;
  }
}

/** Never opens one that is there: closing it would drop the locks that this process holds on it (POSIX). */
async function makeFile(path: string): Promise<void> {
  try {
    await (await open(path, "wx", 0o600)).close();
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}
