import { rmdirSync, rmSync } from "node:fs";
import { lstat, readFile, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../core/errors.ts";
import { replaceFile } from "../storage/replace-file.ts";
import { makeTemporaryDirectory } from "../storage/temporary-directory.ts";
import { isSocketName, pointerPath } from "./control-path.ts";

const PREFIX = "byway-";
const SOCKET = "control.sock";
/** What `mkdtemp` adds. */
const CHANCE = "XXXXXX";

/**
 * Makes a place for a socket whose own name would be too long: a new directory of chance (mode 0700) where temporary files
 * are, so that nobody can have made it before. Throws ERR_TEMPORARY_DIRECTORY.
 */
export async function makeFarPlace(): Promise<string> {
  const parent = isSocketName(join(tmpdir(), `${PREFIX}${CHANCE}`, SOCKET)) ? tmpdir() : "/tmp";
  return join(await makeTemporaryDirectory(PREFIX, parent), SOCKET);
}

/** Names the socket of `path`, once it listens. Throws Node's system errors. */
export function pointToSocket(path: string, socket: string): Promise<void> {
  return replaceFile(pointerPath(path), `${socket}\n`, 0o600);
}

/**
 * The socket that the pointer beside `path` names; undefined where there is none, or it is not in a directory of the
 * pointer's owner that nobody else can change: others may have made one of that name since. Throws Node's system errors.
 */
export async function findFarSocket(path: string): Promise<string | undefined> {
  try {
    const pointer = pointerPath(path);
    const socket = (await readFile(pointer, "utf8")).trim();
    const [owner, place] = await Promise.all([lstat(pointer), lstat(dirname(socket))]);
    const isOurs = basename(dirname(socket)).startsWith(PREFIX) && basename(socket) === SOCKET;
    const isPrivate = place.isDirectory() && place.uid === owner.uid && (place.mode & 0o077) === 0;
    return isOurs && isPrivate ? socket : undefined;
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Removes a socket that was made so, its directory and what names it. Never throws. */
export async function removeFarSocket(path: string, socket: string): Promise<void> {
  await rm(pointerPath(path), { force: true }).catch(() => {});
  await rm(socket, { force: true }).catch(() => {});
  await rmdir(dirname(socket)).catch(() => {});
}

/** As `removeFarSocket`, done when it returns. Never throws. */
export function removeFarSocketNow(path: string, socket: string): void {
  for (const remove of [
    () => rmSync(pointerPath(path), { force: true }),
    () => rmSync(socket, { force: true }),
    () => rmdirSync(dirname(socket)),
  ]) {
    try {
      remove();
    } catch {
      // What is left is found by the next process.
    }
  }
}
