import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, type JsonValue } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { STORAGE_LIMITS } from "./limits.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import { corruptError, StoreFile, type StoreFormat } from "./store-file.ts";

/** Where records are kept. */
export interface RecordFileOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  /** The most bytes of the file; default 64 MiB. */
  readonly maxBytes?: number;
}

const FORMAT: StoreFormat = {
  // "Byw" and a 2.
  applicationId: 0x42797702,
  steps: [
    `CREATE TABLE records (kind TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, key))
       STRICT, WITHOUT ROWID`,
  ],
  opening: "INSERT INTO records VALUES ('', 'opened', '0') ON CONFLICT DO UPDATE SET json = json + 1",
  tables: ["records"],
  maxBytes: STORAGE_LIMITS.recordFileBytes.value,
  logBytes: STORAGE_LIMITS.recordLogBytes.value,
  cacheBytes: STORAGE_LIMITS.recordCacheBytes.value,
};

/** Between kind and key where both are one text; kinds are words of ours. */
const SEPARATOR = "\n";

/**
 * Records in an SQLite file of mode 0600. What is put waits up to a second, and is written in one transaction with all
 * else that waits: what was written survives `kill -9` and a crash of the machine, damage costs what was kept, and where
 * the disk is full it goes on in memory (`StoreFile`). While another process holds the file locked, writes wait for longer.
 *
 * `stop` writes what waits and closes the file. Afterwards nothing is kept, and nothing is thrown.
 */
export class RecordFile implements RecordKeeper {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #file: StoreFile;
  /** What was not written yet; undefined where a key is to go. */
  readonly #waiting = new Map<string, JsonValue | undefined>();
  #timer: Timer | undefined;
  #isFailing = false;
  #isStopped = false;

  /** Opens the file or makes it. Throws ERR_STORE where it cannot be opened, or is not such a file. */
  constructor(components: { clock: Clock; logger: Logger }, options: RecordFileOptions) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#file = new StoreFile(components, FORMAT, { busyMs: STORAGE_LIMITS.recordBusyMs.value, ...options });
  }

  /** Whether what is written will be gone with the process. */
  get inMemory(): boolean {
    return this.#file.inMemory;
  }

  /** What does not parse is passed over. Throws ERR_STORE where it cannot be read, ERR_STOPPED after `stop`. */
  *load(kind: string): Generator<readonly [key: string, value: JsonValue]> {
    this.#write();
    // What is left is what another process that holds the file does not let through.
    for (const [name, value] of this.#waiting) {
      const [kindOf, key] = split(name);
      if (kindOf === kind && value !== undefined) yield [key, value];
    }
    // Page by page, since what is held of one kind can be megabytes.
    let after: string | undefined;
    for (;;) {
      const sql = "SELECT key, json FROM records WHERE kind = ?1 AND (?2 IS NULL OR key > ?2) ORDER BY key LIMIT 512";
      const rows = this.#file.attempt(() => {
        const page = this.#file.all(sql, kind, after ?? null);
        const last = page.at(-1)?.key;
        // In a damaged file a key that is no text stands behind the text that it is read as: it would come again and again.
        if (last !== undefined && after !== undefined && !isBehind(String(last), after)) throw corruptError();
        return page;
      });
      for (const { key, json } of rows) {
        after = String(key);
        const value = this.#waiting.has(nameOf(kind, after)) ? undefined : parse(json);
        if (value !== undefined) yield [after, value];
      }
      if (rows.length === 0) return;
    }
  }

  put(kind: string, key: string, value: JsonValue): void {
    this.#change(kind, key, value);
  }

  remove(kind: string, key: string): void {
    this.#change(kind, key, undefined);
  }

  /** Writes what waits and closes the file. Idempotent. */
  stop(): void {
    if (this.#isStopped) return;
    this.#write();
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
    this.#file.close();
  }

  #change(kind: string, key: string, value: JsonValue | undefined): void {
    if (this.#isStopped) return;
    this.#waiting.set(nameOf(kind, key), value);
    if (this.#waiting.size > STORAGE_LIMITS.waitingRecords.value) this.#makeRoom();
    this.#timer ??= this.#clock.after(STORAGE_LIMITS.recordFlushMs.value, () => this.#write());
  }

  /** So many wait where the file is locked for long, or where all that is known changes within a second. */
  #makeRoom(): void {
    if (!this.#isFailing) this.#write();
    for (const name of this.#waiting.keys()) {
      if (this.#waiting.size <= STORAGE_LIMITS.waitingRecords.value) return;
      this.#waiting.delete(name);
    }
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waiting.size === 0 || this.#isStopped) return;
    try {
      this.#file.attempt(() => this.#file.transaction(() => this.#writeAll()));
      this.#waiting.clear();
      this.#isFailing = false;
    } catch (error) {
      if (!(error instanceof BywayError) || error.code !== "ERR_STORE") throw error;
      if (!this.#isFailing) this.#logger.warn("records cannot be written now", { reason: error.message });
      this.#isFailing = true;
      this.#timer = this.#clock.after(STORAGE_LIMITS.recordFlushMs.value, () => this.#write());
    }
  }

  #writeAll(): void {
    for (const [name, value] of this.#waiting) {
      const [kind, key] = split(name);
      if (value === undefined) this.#file.run("DELETE FROM records WHERE kind = ? AND key = ?", kind, key);
      else {
        const sql = "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json";
        this.#file.run(sql, kind, key, JSON.stringify(value));
      }
    }
  }
}

function nameOf(kind: string, key: string): string {
  return `${kind}${SEPARATOR}${key}`;
}

function split(name: string): readonly [kind: string, key: string] {
  const at = name.indexOf(SEPARATOR);
  return [name.slice(0, at), name.slice(at + 1)];
}

function parse(json: unknown): JsonValue | undefined {
  try {
    return typeof json === "string" ? (JSON.parse(json) as JsonValue) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether SQLite sorts `key` behind `other`: by the bytes of both. */
function isBehind(key: string, other: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;
}
