import { open } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { systemCode } from "../core/errors.ts";

const SQLITE_BUSY = 5;

/** A lock on a file; the system takes it back from a process that dies, however it dies. */
export interface ClaimedLock {
  release(): void;
}

/**
 * Locks the file `path`, which is made (mode 0600) and stays; undefined where somebody holds it, for longer than `waitMs`. An SQLite database is the
 * way to a lock of the system that Node has: sockets and files that a killed process left cannot be told from those of
 * one that lives without a moment in between. Throws what Node and SQLite throw.
 */
export async function claimLock(path: string, waitMs = 0): Promise<ClaimedLock | undefined> {
  await makeFile(path);
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    // Nothing is ever written, so no journal needs a file.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** Whether somebody holds the lock `path`, as far as this user may ask; false where there is none. Changes nothing. */
export function isLocked(path: string): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    database?.close();
  }
}

function isBusy(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY;
}

/** Never opens one that is there: closing it would drop the locks that this process holds on it (POSIX). */
async function makeFile(path: string): Promise<void> {
  try {
    await (await open(path, "wx", 0o600)).close();
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}
