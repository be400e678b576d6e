import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { Random } from "../../core/random.ts";
import { makeDirectory } from "../../storage/make-directory.ts";
import type { ListValidators } from "./fetch-list.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";

const FRESH = ".new";
const LINE_FEED = 10;

/** What is known of a copy without reading it. */
export interface CopyFacts {
  readonly validators: ListValidators;
  /** When these bytes came, in ms since the epoch: tells one copy from another. */
  readonly fetchedAtMs: number;
  /** When a server last said that they are the latest. */
  readonly checkedAtMs: number;
}

/** A copy on the disk. */
export interface ListCopy extends CopyFacts {
  /** As they were fetched. Must be read to the end, or left early. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** A copy that is being written. */
export interface CopyWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Puts it into the place of the older copy. */
  keep(): Promise<void>;
  /** Removes it, unless it was kept. */
  close(): Promise<void>;
}

/**
 * The last good copy of every list that was fetched, in files of mode 0600: a line of JSON, then the bytes as they came. The
 * file's time of change says when it was last known to be the latest. A copy is there whole or not at all. Several processes
 * may share a directory.
 */
export class ListCache {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #directory: string;

  constructor(components: { readonly clock: Clock; readonly random: Random }, directory: string) {
    this.#clock = components.clock;
    this.#random = components.random;
    this.#directory = directory;
  }

  /** Makes the directory and removes what a killed process left half written. Throws Node's system errors. */
  async prepare(): Promise<void> {
    await makeDirectory(this.#directory);
    for (const name of await readdir(this.#directory)) {
      if (!name.endsWith(FRESH)) continue;
      const path = join(this.#directory, name);
      const status = await stat(path).catch(() => undefined);
      const isLeftover = status && this.#clock.nowMs() - status.mtimeMs > BLOCKLIST_LIMITS.leftoverMs.value;
      if (isLeftover === true) await rm(path, { force: true });
    }
  }

  /** The copy of what `source` last had; undefined where there is none, or it cannot be read. */
  async open(source: string): Promise<ListCopy | undefined> {
    const found = await this.#find(source);
    if (found === undefined) return undefined;
    const chunks = found.file.createReadStream({ start: found.start }) as AsyncIterable<Uint8Array>;
    return { ...found.facts, chunks };
  }

  /** What is known of the copy of `source`. */
  async facts(source: string): Promise<CopyFacts | undefined> {
    const found = await this.#find(source);
    await found?.file.close();
    return found?.facts;
  }

  /** Notes that the copy of `source` is still the latest. */
  async confirm(source: string): Promise<void> {
    const nowSec = this.#clock.nowMs() / 1000;
    await utimes(this.#path(source), nowSec, nowSec).catch(() => {});
  }

  /** Begins a copy. Throws Node's system errors, as its methods do. */
  async begin(source: string, validators: ListValidators, fetchedAtMs: number): Promise<CopyWriter> {
    const path = this.#path(source);
    const fresh = `${path}.${Buffer.from(this.#random.bytes(8)).toString("hex")}${FRESH}`;
    const file = await open(fresh, "wx", 0o600);
    const head = { source, fetchedAtMs, ...validators };
    await file.writeFile(`${JSON.stringify(head)}\n`);
    return new FileCopyWriter(file, fresh, path, fetchedAtMs);
  }

  /** Opens the copy of `source`; its bytes begin at `start`. */
  async #find(source: string): Promise<{ file: FileHandle; facts: CopyFacts; start: number } | undefined> {
    const file = await open(this.#path(source)).catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      const head = Buffer.alloc(4 * BLOCKLIST_LIMITS.headerBytes.value + source.length * 6);
      const { bytesRead } = await file.read(head, 0, head.length, 0);
      const end = head.subarray(0, bytesRead).indexOf(LINE_FEED);
      const facts = end === -1 ? undefined : readHead(head.toString("utf8", 0, end), source);
      if (facts !== undefined) {
        const { mtimeMs } = await file.stat();
        return { file, facts: { ...facts, checkedAtMs: Math.round(mtimeMs) }, start: end + 1 };
      }
    } catch {
      // No copy that can be used, then.
    }
    await file.close();
    return undefined;
  }

  #path(source: string): string {
    return join(this.#directory, `${createHash("sha256").update(source).digest("hex").slice(0, 32)}.list`);
  }
}

class FileCopyWriter implements CopyWriter {
  readonly #file: FileHandle;
  readonly #fresh: string;
  readonly #path: string;
  readonly #fetchedAtMs: number;

  constructor(file: FileHandle, fresh: string, path: string, fetchedAtMs: number) {
    this.#file = file;
    this.#fresh = fresh;
    this.#path = path;
    this.#fetchedAtMs = fetchedAtMs;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#file.writeFile(chunk);
  }

  async keep(): Promise<void> {
    await this.#file.utimes(this.#fetchedAtMs / 1000, this.#fetchedAtMs / 1000);
    await this.#file.sync();
    await rename(this.#fresh, this.#path);
  }

  async close(): Promise<void> {
    await this.#file.close();
    await rm(this.#fresh, { force: true });
  }
}

function readHead(text: string, source: string): Omit<CopyFacts, "checkedAtMs"> | undefined {
  try {
    const head = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
    if (head?.source !== source || typeof head.fetchedAtMs !== "number") return undefined;
    const { etag, lastModified } = head;
    return {
      fetchedAtMs: head.fetchedAtMs,
      validators: {
        ...(typeof etag === "string" ? { etag } : {}),
        ...(typeof lastModified === "string" ? { lastModified } : {}),
      },
    };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
