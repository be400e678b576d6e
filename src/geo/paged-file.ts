import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { systemCode } from "../core/errors.ts";
import { geoFault } from "./geo-file.ts";
import { GEO_LIMITS } from "./limits.ts";

const PAGE = GEO_LIMITS.pageBytes.value;

/**
 * A file that is read on demand, page by page, with the pages used last kept in memory: 256 KiB at most, however large it is.
 * Reading is synchronous: a page comes out of the system's own cache in microseconds, and a look-up must not wait in line.
 * The file may be replaced by another of its name meanwhile; this one stays what it was.
 */
export class PagedFile {
  /** What it is called in messages: its path, unless it is not in its place yet. */
  readonly path: string;
  readonly size: number;
  readonly modifiedMs: number;
  // A number and no FileHandle: one that is collected unclosed ends the process.
  #descriptor: number | undefined;
  // One block, of which the system gives only the pages that were written to.
  readonly #slab: Buffer;
  readonly #slots: number;
  /** Slot of each page that is kept, in the order of their last use. */
  readonly #kept = new Map<number, number>();
  /** The page that `#start` is of; NaN, which is no page, for none. */
  #page = Number.NaN;
  #start = 0;

  private constructor(path: string, descriptor: number, size: number, modifiedMs: number) {
    this.path = path;
    this.size = size;
    this.modifiedMs = modifiedMs;
    this.#descriptor = descriptor;
    this.#slots = Math.min(GEO_LIMITS.cachedPages.value, Math.ceil(size / PAGE));
    this.#slab = Buffer.allocUnsafeSlow(this.#slots * PAGE);
  }

  /** Opens the file at `path`, whose owner is the caller; `name` is what messages call it. Throws ERR_GEO_DATA if it cannot be read, is empty or too large. */
  static open(path: string, name: string = path): PagedFile {
    let descriptor: number;
    try {
      // Not to wait for a writer where the path is a pipe.
      descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch (cause) {
      throw geoFault(name, `cannot be read (${systemCode(cause)})`, cause);
    }
    try {
      const status = fstatSync(descriptor);
      if (!status.isFile()) throw geoFault(name, "is no file");
      if (status.size === 0) throw geoFault(name, "is empty");
      if (status.size > GEO_LIMITS.fileBytes.value) throw geoFault(name, "is larger than 1 GiB");
      return new PagedFile(name, descriptor, status.size, status.mtimeMs);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /** The byte at `offset`. Throws ERR_GEO_DATA outside the file. */
  byte(offset: number): number {
    const page = Math.floor(offset / PAGE);
    if (page !== this.#page || offset >= this.size) this.#turnTo(page, offset);
    return this.#slab[this.#start + (offset - page * PAGE)] ?? 0;
  }

  /** The big-endian unsigned integer of `length` bytes, at most 6, at `offset`. Throws ERR_GEO_DATA outside the file. */
  uint(offset: number, length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + this.byte(offset + i);
    return value;
  }

  /** A copy of `length` bytes from `offset`. Throws ERR_GEO_DATA outside the file. */
  bytes(offset: number, length: number): Buffer {
    if (offset + length > this.size) throw geoFault(this.path, "is cut short");
    const copy = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const at = offset + done;
      this.byte(at);
      const inPage = at - this.#page * PAGE;
      const part = Math.min(length - done, PAGE - inPage);
      this.#slab.copy(copy, done, this.#start + inPage, this.#start + inPage + part);
      done += part;
    }
    return copy;
  }

  /** The `length` bytes from `offset` as UTF-8. Throws ERR_GEO_DATA outside the file. */
  text(offset: number, length: number): string {
    const inPage = offset % PAGE;
    // Most texts lie in one page and need no copy.
    if (inPage + length > PAGE || offset + length > this.size) return this.bytes(offset, length).toString("utf8");
    if (length === 0) return "";
    this.byte(offset);
    return this.#slab.toString("utf8", this.#start + inPage, this.#start + inPage + length);
  }

  /** Closes the file; reading it afterwards is an error. Idempotent. */
  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#kept.clear();
    this.#page = Number.NaN;
  }

  #turnTo(page: number, offset: number): void {
    if (!(offset >= 0 && offset < this.size)) throw geoFault(this.path, "points to a place outside itself");
    const kept = this.#kept.get(page);
    const slot = kept ?? this.#freeSlot();
    if (kept === undefined) this.#fill(page, slot);
    else this.#kept.delete(page);
    this.#kept.set(page, slot);
    this.#page = page;
    this.#start = slot * PAGE;
  }

  #freeSlot(): number {
    if (this.#kept.size < this.#slots) return this.#kept.size;
    for (const [page, slot] of this.#kept) {
      this.#kept.delete(page);
      return slot;
    }
    return 0;
  }

  #fill(page: number, slot: number): void {
    this.#page = Number.NaN;
    if (this.#descriptor === undefined) throw geoFault(this.path, "is closed");
    const wanted = Math.min(PAGE, this.size - page * PAGE);
    let got: number;
    try {
      got = readSync(this.#descriptor, this.#slab, slot * PAGE, wanted, page * PAGE);
    } catch (cause) {
      this.#kept.clear();
      throw geoFault(this.path, `cannot be read (${systemCode(cause)})`, cause);
    }
    if (got < wanted) {
      this.#kept.clear();
      throw geoFault(this.path, "became shorter while it was open");
    }
  }
}
