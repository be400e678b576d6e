import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClaimedLock, claimLock } from "./claimed-lock.ts";
import { makeTemporaryDirectory } from "./temporary-directory.ts";

/** The file whose lock says that a process uses the directory. */
const LOCK = "in-use.lock";

/** A temporary directory of one process. */
export interface OwnDirectory {
  readonly path: string;
  /** Removes it with all that is in it. Idempotent. */
  remove(): void;
}

/**
 * Makes a temporary directory and locks it, after it has removed those of the same prefix and user that a killed process left.
 * Throws ERR_TEMPORARY_DIRECTORY if none can be made.
 */
export async function makeOwnDirectory(prefix: string, parent: string = tmpdir()): Promise<OwnDirectory> {
  await removeLeft(prefix, parent);
  for (;;) {
    const path = await makeTemporaryDirectory(prefix, parent);
    const lock = await claimIn(path);
    // Another process that starts now found the lock before it was claimed, and removed the directory.
    if (lock === undefined) continue;
    let isRemoved = false;
    return {
      path,
      remove: () => {
        if (!isRemoved) remove(path, lock);
        isRemoved = true;
      },
    };
  }
}

/** Undefined if somebody holds the lock, or removed the directory meanwhile. */
async function claimIn(path: string): Promise<ClaimedLock | undefined> {
  const file = join(path, LOCK);
  try {
    const lock = await claimLock(file);
    if (existsSync(file)) return lock;
    lock?.release();
  } catch (error) {
    if (existsSync(file)) throw error;
  }
  return undefined;
}

function remove(path: string, lock: ClaimedLock): void {
  try {
    // While the lock is held, so that nobody claims it in between. Windows removes no file that is open.
    if (process.platform !== "win32") rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  } finally {
    lock.release();
  }
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/** What cannot be looked at or removed stays: it does no harm but take space. */
async function removeLeft(prefix: string, parent: string): Promise<void> {
  for (const name of namesIn(parent).filter((one) => one.startsWith(prefix))) {
    const path = join(parent, name);
    try {
      // Without its lock it may be another program's, or so new that the lock is not there yet.
      if (!isOwn(path, "directory") || !isOwn(join(path, LOCK), "file")) continue;
      const lock = await claimIn(path);
      if (lock !== undefined) remove(path, lock);
    } catch {}
  }
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}

/** Whether `path` is this user's, and no symbolic link: others may write to the parent as well. */
function isOwn(path: string, kind: "directory" | "file"): boolean {
  const found = lstatSync(path);
  const isKind = kind === "directory" ? found.isDirectory() : found.isFile();
  return isKind && (process.getuid === undefined || found.uid === process.getuid());
}
