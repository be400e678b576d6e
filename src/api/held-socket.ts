import { type FSWatcher, lstatSync, watch } from "node:fs";
import { lstat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { basename, dirname } from "node:path";
import { atExit } from "../core/at-exit.ts";
import { systemCode } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { type ClaimedLock, claimLock } from "../storage/claimed-lock.ts";
import { isSocketName, lockPath, pointerPath } from "./control-path.ts";
import { findFarSocket } from "./far-socket.ts";

const TURNS = 20;
const TURN_MS = 5;

/** The name of a listening Unix socket, until it is released. */
export interface ClaimedSocket {
  /** Removes the name. Idempotent. */
  release(): Promise<void>;
}

/** A socket that has its name. */
export interface ListeningSocket {
  readonly place: string;
  /** Removes the name, and what was made for it. */
  remove(): Promise<void>;
  /** The same, done when it returns: for the end of the process. */
  removeNow(): void;
}

/** What was claimed. */
export interface HeldSocketOptions {
  readonly path: string;
  readonly lock: ClaimedLock;
  readonly socket: ListeningSocket;
  /** Has a server listen there anew. */
  readonly listenNew: (server: Server) => Promise<ListeningSocket>;
}

/**
 * A lock and a socket while they are held. Programs that clean up remove files that look old; what they remove here is made
 * again at once, so that commands find the process and no second one starts beside it.
 */
export class HeldSocket implements ClaimedSocket {
  readonly #server: Server;
  readonly #logger: Logger;
  readonly #path: string;
  readonly #listenNew: HeldSocketOptions["listenNew"];
  readonly #locks: ClaimedLock[];
  /** A process that is made to end before it has stopped leaves no socket either. The system takes the lock back. */
  readonly #atExit: () => void;
  /** Servers that hand their connections to the first one. */
  readonly #more: Server[] = [];
  #watchers: readonly FSWatcher[] = [];
  #socket: ListeningSocket;
  #lockInode: number | undefined;
  #mending: Promise<void> = Promise.resolve();
  #released: Promise<void> | undefined;

  constructor(components: { readonly server: Server; readonly logger: Logger }, options: HeldSocketOptions) {
    this.#server = components.server;
    this.#logger = components.logger;
    this.#path = options.path;
    this.#listenNew = options.listenNew;
    this.#locks = [options.lock];
    this.#socket = options.socket;
    this.#lockInode = inodeOf(lockPath(this.#path));
    this.#watch();
    this.#atExit = atExit(() => this.#socket.removeNow());
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    for (const watcher of this.#watchers) watcher.close();
    await this.#mending;
    for (const server of this.#more) server.close();
    await this.#socket.remove();
    this.#atExit();
    for (const lock of this.#locks) lock.release();
  }

  /** Where the system cannot watch, what is removed stays so. */
  #watch(): void {
    for (const watcher of this.#watchers) watcher.close();
    const { place } = this.#socket;
    const names = new Set([lockPath(this.#path), pointerPath(this.#path), place].map((path) => basename(path)));
    this.#watchers = [...new Set([dirname(this.#path), dirname(place)])].flatMap((directory) => {
      try {
        const watcher = watch(directory, { persistent: false }, (_event, file) => {
          if (file === null || names.has(file)) this.#look();
        });
        watcher.on("error", () => watcher.close());
        return [watcher];
      } catch {
        return [];
      }
    });
  }

  #look(): void {
    if (this.#released !== undefined) return;
    this.#mending = this.#mending.then(async () => {
      try {
        if (this.#released === undefined) await this.#mend();
      } catch (error) {
        this.#logger.warn("the control socket was removed and cannot be made again", {
          path: this.#path,
          reason: systemCode(error) || String(error),
        });
      }
    });
  }

  async #mend(): Promise<void> {
    const lock = lockPath(this.#path);
    if (inodeOf(lock) !== this.#lockInode) {
      const again = await claimPatiently(lock);
      if (again === undefined) {
        this.#logger.error(
          "the lock of this data directory was removed, and another process holds it now: stop one of them",
          {
            path: this.#path,
          },
        );
        return;
      }
      this.#locks.push(again);
      this.#lockInode = inodeOf(lock);
    }
    if (await this.#isInPlace()) return;
    const server = createServer((socket) => void this.#server.emit("connection", socket));
    server.maxConnections = this.#server.maxConnections;
    this.#socket = await this.#listenNew(server);
    this.#more.push(server);
    this.#watch();
    this.#logger.info("the control socket was removed, and is made again", { path: this.#path });
  }

  async #isInPlace(): Promise<boolean> {
    const { place } = this.#socket;
    const found = await lstat(place).catch(() => undefined);
    if (found?.isSocket() !== true) return false;
    return isSocketName(this.#path) || (await findFarSocket(this.#path)) === place;
  }
}

/** A process that starts holds it for a moment, until it sees that somebody answers. */
async function claimPatiently(path: string): Promise<ClaimedLock | undefined> {
  for (let turn = 0; turn < TURNS; turn += 1) {
    const lock = await claimLock(path, TURN_MS);
    if (lock !== undefined) return lock;
  }
  return undefined;
}

/** At once: a lock that is removed a moment later must not be taken for one that never was. */
function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino;
}
