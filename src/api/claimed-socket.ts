import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { chmod, lstat, rename, rm } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { atExit } from "../core/at-exit.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { claimLock } from "../storage/claimed-lock.ts";
import { CONTROL_WORDS, type ControlName, isSocketName, lockPath } from "./control-path.ts";
import { findFarSocket, makeFarPlace, pointToSocket, removeFarSocket, removeFarSocketNow } from "./far-socket.ts";
import { type ClaimedSocket, HeldSocket, type ListeningSocket } from "./held-socket.ts";
import { API_LIMITS } from "./limits.ts";

/**
 * Has `server` listen on the Unix socket `path`, or near the temporary files where that is too long a name, for its owner
 * alone (mode 0600).
 *
 * Whoever holds the lock beside `path` may replace what is there: a process that was killed left it. The socket gets its
 * name when it is ready, so that whoever finds it can connect. A lock or a socket that is removed while it is held is made
 * again. Throws ERR_CONTROL where another process holds the lock or answers, or what is there is no socket;
 * ERR_DATA_DIRECTORY or ERR_TEMPORARY_DIRECTORY where the system makes no socket in the directory.
 */
export async function claimSocket(
  components: { readonly server: Server; readonly logger: Logger },
  path: string,
  name: ControlName,
): Promise<ClaimedSocket> {
  try {
    const lock = await claimLock(lockPath(path), API_LIMITS.controlLockMs.value);
    if (lock === undefined) throw inUse(path, name);
    try {
      const listenNew = async (server: Server): Promise<ListeningSocket> =>
        isSocketName(path) ? listenNear(server, path, name) : listenFar(server, path, name);
      return new HeldSocket(components, { path, listenNew, lock, socket: await listenNew(components.server) });
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (cause) {
    if (cause instanceof BywayError) throw cause;
    throw new BywayError("ERR_DATA_DIRECTORY", `the control socket ${path} cannot be made (${systemCode(cause)})`, {
      data: { path },
      cause,
    });
  }
}

async function listenNear(server: Server, path: string, name: ControlName): Promise<ListeningSocket> {
  await checkPlace(path, name);
  await listenAs(server, path);
  return { place: path, remove: () => rm(path, { force: true }), removeNow: () => rmSync(path, { force: true }) };
}

async function listenFar(server: Server, path: string, name: ControlName): Promise<ListeningSocket> {
  const left = await findFarSocket(path);
  if (left !== undefined) {
    await checkPlace(left, name);
    await removeFarSocket(path, left);
  }
  const socket = await makeFarPlace();
  try {
    await listenAs(server, socket);
    await pointToSocket(path, socket);
  } catch (error) {
    await removeFarSocket(path, socket);
    throw error;
  }
  return {
    place: socket,
    remove: () => removeFarSocket(path, socket),
    removeNow: () => removeFarSocketNow(path, socket),
  };
}

/** That another process holds `path`. */
export function inUse(path: string, name: ControlName): BywayError {
  const { command } = CONTROL_WORDS[name];
  return new BywayError("ERR_CONTROL", `another ${command} runs with the data directory ${dirname(path)}`, {
    data: { path },
  });
}

/** Has `server` listen on a socket or a pipe. Throws Node's system errors. */
export function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Only a socket that nobody answers may be replaced, even with the lock: somebody might have removed the lock's file. */
async function checkPlace(path: string, name: ControlName): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new BywayError("ERR_CONTROL", `${path} is in the way: it is no socket`, { data: { path } });
  }
  if (await isAnswered(path)) throw inUse(path, name);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => resolve(!["ECONNREFUSED", "ENOENT"].includes(systemCode(error))));
  });
}

async function listenAs(server: Server, path: string): Promise<void> {
  // Not longer than the socket's own name, which may be as long as one can be.
  const fresh = join(dirname(path), `.${randomBytes(4).toString("hex")}`);
  const named = atExit(() => rmSync(fresh, { force: true }));
  try {
    await listen(server, fresh);
    await chmod(fresh, 0o600);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  } finally {
    named();
  }
}
