import { randomBytes } from "node:crypto";
import { chmod, lstat, rename, rm } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { dirname, join } from "node:path";
import { claimLock } from "../core/claimed-lock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { CONTROL_WORDS, type ControlName } from "./control-path.ts";

/** The name of a listening Unix socket, until it is released. */
export interface ClaimedSocket {
  /** Removes the name. Idempotent. */
  release(): Promise<void>;
}

/**
 * Has `server` listen on the Unix socket `path`, for its owner alone (mode 0600).
 *
 * Whoever holds the lock beside it may replace what is there: a process that was killed left it. The socket gets its
 * name when it is ready, so that whoever finds it can connect. Throws ERR_CONTROL where another process holds the lock
 * or answers, what is there is no socket, or the name cannot be made.
 */
export async function claimSocket(server: Server, path: string, name: ControlName): Promise<ClaimedSocket> {
  try {
    const lock = await claimLock(`${path}.lock`);
    if (lock === undefined) throw inUse(path, name);
    try {
      await checkPlace(path, name);
      await listenAs(server, path);
    } catch (error) {
      lock.release();
      throw error;
    }
    return { release: released(path, lock.release) };
  } catch (cause) {
    if (cause instanceof BywayError) throw cause;
    throw new BywayError("ERR_CONTROL", `the control socket ${path} cannot be made (${systemCode(cause)})`, {
      data: { path },
      cause,
    });
  }
}

/** That another process holds `path`. */
export function inUse(path: string, name: ControlName): BywayError {
  const { command } = CONTROL_WORDS[name];
  return new BywayError("ERR_CONTROL", `another ${command} runs with this data directory`, { data: { path } });
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

function released(path: string, unlock: () => void): () => Promise<void> {
  let isHeld = true;
  return async () => {
    if (!isHeld) return;
    isHeld = false;
    await rm(path, { force: true });
    unlock();
  };
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
  try {
    await listen(server, fresh);
    await chmod(fresh, 0o600);
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
