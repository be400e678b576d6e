import { chmodSync, closeSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";
import type { Clock } from "../core/clock.ts";
import { hasDescriptors, isOutOfDescriptors } from "../core/descriptors.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";

/** One row as SQLite gives it. */
export type StoreRow = Readonly<Record<string, SQLOutputValue>>;

/** The place of a store that is gone with its process. */
export const IN_MEMORY = ":memory:";

/** What stands in a store file, and how far it may go. */
export interface StoreFormat {
  /** Marks the file as one of this kind (`PRAGMA application_id`). */
  readonly applicationId: number;
  /** SQL that makes each version out of the one before it; their number is the version, kept in `user_version`. */
  readonly steps: readonly string[];
  /** SQL that is run at each opening and writes something, so that a full disk is noticed then. */
  readonly opening: string;
  /** Tables whose rows are taken along where the file cannot be written any longer and what it holds goes on in memory. */
  readonly tables: readonly string[];
  /** The most bytes of the file, and of the memory that takes its place. */
  readonly maxBytes: number;
  /** The most bytes of its write-ahead log. */
  readonly logBytes: number;
  /** Bytes of pages that are kept in memory. */
  readonly cacheBytes: number;
}

/** Where a store file is. */
export interface StoreFileOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  /** How long to wait while another process writes. */
  readonly busyMs: number;
  /** The most bytes of the file, where not what its format says. */
  readonly maxBytes?: number;
}

/** What is wrong, by SQLite's primary result code (sqlite.org/rescode.html). */
/** SQLITE_CANTOPEN, for whatever reason. */
const CANNOT_OPEN = 14;
/** SQLITE_CORRUPT. */
const CORRUPT = 11;
/** The database, its log and the log's index. */
const STORE_FILES = 3;

const TROUBLES: ReadonlyMap<number, "corrupt" | "unwritable"> = new Map([
  [CORRUPT, "corrupt"],
  [26, "corrupt"],
  [8, "unwritable"],
  [10, "unwritable"],
  [13, "unwritable"],
  [14, "unwritable"],
]);
const MAX_STATEMENTS = 128;

/**
 * A SQLite file of some format: opens it, keeps its statements, and gets it over what may befall a file.
 *
 * A corrupt file is moved aside to `<path>.corrupt-<time>` (the newest such one stays) and begun anew; where it cannot be
 * written any longer, what it holds goes on in memory. Both are said once, as warnings. Several processes may have it open.
 */
export class StoreFile {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #path: string;
  readonly #format: StoreFormat;
  readonly #maxBytes: number;
  readonly #busyMs: number;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync;
  #inode: number | undefined;
  #inMemory: boolean;

  /** Throws ERR_STORE where the file cannot be opened or written, is of a newer version or of another program. */
  constructor(components: { clock: Clock; logger: Logger }, format: StoreFormat, options: StoreFileOptions) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#path = options.path;
    this.#format = format;
    this.#maxBytes = options.maxBytes ?? format.maxBytes;
    this.#busyMs = options.busyMs;
    this.#inMemory = options.path === IN_MEMORY;
    try {
      this.#database = this.#open(this.#path);
    } catch (error) {
      if (error instanceof BywayError) throw error;
      if (troubleOf(error) !== "corrupt") throw storeError(`the store ${this.#path} cannot be opened`, error);
      this.#database = this.#beginAnew(error);
    }
  }

  /** Whether what is written will be gone with the process. */
  get inMemory(): boolean {
    return this.#inMemory;
  }

  /**
   * Runs `body`, and once more on the mended store where the file turned out to be corrupt or not to be writable.
   * Throws ERR_STOPPED after `close`, ERR_STORE (to be tried again where another process kept it locked); other errors pass through.
   */
  attempt<T>(body: () => T): T {
    if (!this.#database.isOpen) throw new BywayError("ERR_STOPPED", "the store is closed");
    try {
      return body();
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === undefined || this.#inMemory) throw storeError(`the store ${this.#path} failed`, error);
      if (trouble === "corrupt") this.#rebuild(error);
      else this.#goOnInMemory(error);
    }
    try {
      return body();
    } catch (error) {
      throw storeError(`the store ${this.#path} failed`, error);
    }
  }

  /** Runs `body` in one transaction, all of it or nothing. */
  transaction<T>(body: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = body();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** All rows of a query. */
  all(sql: string, ...values: SQLInputValue[]): readonly StoreRow[] {
    return this.#statement(sql).all(...values);
  }

  /** The first row of a query. */
  get(sql: string, ...values: SQLInputValue[]): StoreRow | undefined {
    return this.#statement(sql).get(...values);
  }

  /** Writes; returns how many rows changed, those that triggers changed left out. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** Idempotent; nothing may be asked afterwards. */
  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #open(path: string): DatabaseSync {
    if (path !== IN_MEMORY) {
      // Made here, since SQLite would give it the mode that the umask leaves; its other files follow this one's.
      closeSync(openSync(path, "a", 0o600));
      chmodSync(path, 0o600);
      this.#inode = statSync(path).ino;
    }
    const database = new DatabaseSync(path, { timeout: this.#busyMs });
    try {
      prepare(database, path, this.#format, path === IN_MEMORY ? this.#format.maxBytes : this.#maxBytes);
    } catch (error) {
      // Before anything is closed again.
      const isOut = isCannotOpen(error) && !hasDescriptors(STORE_FILES);
      closeQuietly(database);
      throw isOut ? Object.assign(new Error("too many open files", { cause: error }), { code: "EMFILE" }) : error;
    }
    return database;
  }

  #rebuild(cause: unknown): void {
    this.#statements.clear();
    closeQuietly(this.#database);
    this.#database = this.#beginAnew(cause);
  }

  /** An empty store in place of a corrupt one, or the one that another process has put there meanwhile. */
  #beginAnew(cause: unknown): DatabaseSync {
    try {
      if (statSync(this.#path).ino === this.#inode) this.#moveAside(cause);
      return this.#open(this.#path);
    } catch (error) {
      this.#logger.warn("the store is corrupt and cannot be replaced; it goes on in memory", {
        path: this.#path,
        reason: reasonOf(error),
      });
      this.#inMemory = true;
      return this.#open(IN_MEMORY);
    }
  }

  #moveAside(cause: unknown): void {
    const aside = `${this.#path}.corrupt-${Math.floor(this.#clock.nowMs())}`;
    const folder = dirname(this.#path);
    for (const name of readdirSync(folder)) {
      if (name.startsWith(`${basename(this.#path)}.corrupt-`)) rmSync(join(folder, name), { force: true });
    }
    renameSync(this.#path, aside);
    // SQLite would play them into the new file. Without a main file beside it, it drops a log that is left behind.
    for (const suffix of ["-wal", "-shm"]) rmSync(`${this.#path}${suffix}`, { force: true });
    this.#logger.warn("the store was corrupt; it was moved aside and begun anew", {
      path: this.#path,
      aside,
      reason: reasonOf(cause),
    });
  }

  #goOnInMemory(cause: unknown): void {
    this.#statements.clear();
    const disk = this.#database;
    const memory = this.#open(IN_MEMORY);
    try {
      memory.prepare("ATTACH ? AS disk").run(this.#path);
      for (const table of this.#format.tables) {
        memory.exec(`INSERT OR REPLACE INTO main.${table} SELECT * FROM disk.${table}`);
      }
      memory.exec("DETACH disk");
    } catch {
      // What could not be read is learned again.
    }
    closeQuietly(disk);
    this.#database = memory;
    this.#inMemory = true;
    this.#logger.warn("the store cannot be written; what is learned from now on is kept in memory only", {
      path: this.#path,
      reason: reasonOf(cause),
    });
  }
}

function prepare(database: DatabaseSync, path: string, format: StoreFormat, maxBytes: number): void {
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  // Asked before anything is written, since it may be somebody else's file; in one transaction, since another process may
  // be making it ours.
  database.exec("BEGIN");
  const owner = pragma("application_id");
  const version = pragma("user_version");
  const foreign = owner !== format.applicationId && (owner !== 0 || version !== 0 || hasTables(database));
  database.exec("COMMIT");
  if (foreign) throw new BywayError("ERR_STORE", `${path} is a database of another program`);
  if (version > format.steps.length) {
    throw new BywayError("ERR_STORE", `the store ${path} was written by a newer Byway (version ${version})`);
  }
  const pageBytes = pragma("page_size");
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA journal_size_limit = ${format.logBytes};
    PRAGMA wal_autocheckpoint = ${Math.floor(format.logBytes / pageBytes)};
    PRAGMA cache_size = -${Math.floor(format.cacheBytes / 1024)};
    PRAGMA max_page_count = ${Math.floor(maxBytes / pageBytes)};
    PRAGMA temp_store = MEMORY;
    PRAGMA cell_size_check = ON;
    PRAGMA trusted_schema = OFF;
    BEGIN IMMEDIATE;
  `);
  // Asked again under the lock: another process may have opened the same new file.
  for (const step of format.steps.slice(pragma("user_version"))) database.exec(step);
  // Written each time, so that a full disk is noticed at opening.
  database.exec(`
    PRAGMA application_id = ${format.applicationId};
    PRAGMA user_version = ${format.steps.length};
    ${format.opening};
    COMMIT;
  `);
}

function hasTables(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;
}

function troubleOf(error: unknown): "corrupt" | "unwritable" | undefined {
  const { errcode } = error as { readonly errcode?: unknown };
  // A number that JavaScript cannot hold was never written by us.
  if (systemCode(error) === "ERR_OUT_OF_RANGE") return "corrupt";
  return typeof errcode === "number" ? TROUBLES.get(errcode & 0xff) : undefined;
}

/** What a store throws within `attempt` where the file holds what SQLite would never have written: it is begun anew then. */
export function corruptError(): Error {
  return Object.assign(new Error("a key is no text, or not where it belongs"), { errcode: CORRUPT });
}

function isCannotOpen(error: unknown): boolean {
  const { errcode } = error as { readonly errcode?: unknown };
  return typeof errcode === "number" && (errcode & 0xff) === CANNOT_OPEN;
}

function storeError(what: string, cause: unknown): unknown {
  const known = cause instanceof BywayError || (systemCode(cause) !== "ERR_SQLITE_ERROR" && !isSystemError(cause));
  if (isOutOfDescriptors(cause)) return new BywayError("ERR_DESCRIPTORS", `${what} (${reasonOf(cause)})`, { cause });
  return known ? cause : new BywayError("ERR_STORE", `${what} (${reasonOf(cause)})`, { cause });
}

function isSystemError(error: unknown): boolean {
  return typeof (error as { readonly syscall?: unknown }).syscall === "string";
}

function reasonOf(error: unknown): string {
  const code = systemCode(error);
  if (code !== "" && code !== "ERR_SQLITE_ERROR") return code;
  return error instanceof Error ? error.message : String(error);
}

function closeQuietly(database: DatabaseSync): void {
  try {
    database.close();
  } catch {
    // It is given up in any case.
  }
}
