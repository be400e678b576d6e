import type { KeyObject } from "node:crypto";
import { rm } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import { isOutOfDescriptors } from "../../core/descriptors.ts";
import { SettledTime } from "../../core/settled-time.ts";
import type { PeerId } from "../../identity/peer-id.ts";
import { type ChainHead, type FoundHead, readHead, writeHead } from "./chain-head.ts";
import { ACCOUNTABILITY_LIMITS } from "./limits.ts";
import { type LogFile, listLogFiles, sizeOf } from "./log-files.ts";
import { recordTime } from "./log-record.ts";
import { countOldFiles } from "./old-files.ts";

/** The last record that stands in a file. */
export interface LastRecord {
  readonly seq: number;
  readonly hash: string;
  readonly timeMs: number;
}

/** Files that would go by age if the clock were believed. */
export interface HeldFiles {
  readonly files: number;
  /** How far the clock is ahead of the time that is believed. */
  readonly aheadMs: number;
}

/** What is kept of a chain, and for whom. */
export interface ChainKeeperOptions {
  readonly directory: string;
  /** After so many days a file goes. */
  readonly days: number;
  /** The most bytes of all files. */
  readonly maxBytes: number;
  /** The most bytes of one file. */
  readonly fileBytes: number;
  readonly peerId: PeerId;
  readonly privateKey: KeyObject;
}

/**
 * Decides what a chain keeps, and says so in its head record before anything is removed. Age is judged by a clock that
 * has stood for a day of running time, so no moment of a wrong clock removes a file.
 */
export class ChainKeeper {
  readonly #clock: Clock;
  readonly #options: ChainKeeperOptions;
  readonly #onHeld: (held: HeldFiles) => void;
  readonly #writeHead: typeof writeHead;
  #time: SettledTime | undefined;
  #oldest = 1;
  #removed: ChainHead["removed"];
  #newest: ChainHead["newest"] | undefined;
  #held: HeldFiles | undefined;
  #wroteMs: number | undefined;

  /** `onHeld` is called when files begin to be kept because of the clock. `writeHead` brings a head record to the disk. */
  constructor(
    components: {
      readonly clock: Clock;
      readonly onHeld?: ((held: HeldFiles) => void) | undefined;
      readonly writeHead?: typeof writeHead;
    },
    options: ChainKeeperOptions,
  ) {
    this.#clock = components.clock;
    this.#options = options;
    this.#onHeld = components.onHeld ?? (() => {});
    this.#writeHead = components.writeHead ?? writeHead;
  }

  /** The number of the oldest file that should be there. */
  get oldest(): number {
    return this.#oldest;
  }

  /** What is kept because the clock leapt. */
  get held(): HeldFiles | undefined {
    return this.#held;
  }

  /** A time by which nothing is too old that may not be, in Unix ms. */
  safeMs(): number {
    return this.#time?.safeMs() ?? 0;
  }

  /** The head record as it stands on the disk. Throws Node's system errors. */
  find(): Promise<FoundHead> {
    return readHead(this.#options.directory);
  }

  /** Begins where `head` ends. Without one, `oldest` is the first file, and `timeMs` that of the newest record. */
  begin(head: FoundHead, found: { readonly oldest: number; readonly timeMs: number | undefined }): void {
    const known = typeof head === "string" ? undefined : head;
    this.#oldest = known?.oldest ?? found.oldest;
    this.#removed = known?.removed;
    this.#newest ??= known?.newest;
    this.#time ??= new SettledTime(
      { clock: this.#clock },
      { holdMs: ACCOUNTABILITY_LIMITS.clockHoldMs.value, saved: known?.clock, knownMs: found.timeMs },
    );
  }

  /**
   * The record `last` in file `number` is on the disk. Written now if `isDue`, or else once in a while. Throws system errors.
   *
   * A head record needs a file of its own, and records do not. Where a flood of connections has taken the last descriptor, it
   * is put off for a moment, since an exit whose log fails is closed to all.
   */
  async note(number: number, { seq, hash, timeMs }: LastRecord, isDue: boolean): Promise<void> {
    this.#newest = { number, seq, hash, time: recordTime(timeMs) };
    const sinceMs = this.#clock.monotonicMs() - (this.#wroteMs ?? Number.NEGATIVE_INFINITY);
    if (!isDue && sinceMs < ACCOUNTABILITY_LIMITS.headMs.value) return;
    try {
      await this.#write();
    } catch (error) {
      const mayWait = !isDue && sinceMs < ACCOUNTABILITY_LIMITS.headPutOffMs.value;
      if (!mayWait || !isOutOfDescriptors(error)) throw error;
    }
  }

  /** Removes the oldest files beyond the bounds of age and size, but never `current`; the bytes of those that stay. */
  async removeOld(current: string | undefined): Promise<number> {
    const { directory, days, maxBytes, fileBytes } = this.#options;
    const time = this.#time;
    const files = await listLogFiles(directory);
    const others = files.filter(({ path }) => path !== current);
    const sizes = await Promise.all(others.map(({ path }) => sizeOf(path)));
    const old = Math.min(others.length, time === undefined ? 0 : countOldFiles(files, time.safeMs(), days));
    this.#noteHeld(Math.min(others.length, countOldFiles(files, this.#clock.nowMs(), days)) - old);
    let total = sizes.reduce((sum, size) => sum + size, 0);
    let going = 0;
    for (; going < others.length && (going < old || total + fileBytes > maxBytes); going += 1) {
      total -= sizes[going] ?? 0;
    }
    if (going > 0) await this.#remove(others.slice(0, going), going > old ? "size" : "age");
    return total;
  }

  async #remove(files: readonly LogFile[], by: "age" | "size"): Promise<void> {
    const upTo = files.at(-1)?.number ?? 0;
    this.#oldest = Math.max(this.#oldest, upTo + 1);
    this.#removed = { by, upTo, time: recordTime(this.#clock.nowMs()) };
    // First, so that a crash between leaves files that need not be there, and none missing that should be.
    await this.#write();
    for (const { path } of files) await rm(path, { force: true });
  }

  #noteHeld(files: number): void {
    const before = this.#held;
    this.#held = files <= 0 ? undefined : { files, aheadMs: this.#time?.strayMs ?? 0 };
    if (before === undefined && this.#held !== undefined) this.#onHeld(this.#held);
  }

  async #write(): Promise<void> {
    const { directory, peerId, privateKey } = this.#options;
    if (this.#time === undefined || this.#newest === undefined) return;
    const removed = this.#removed === undefined ? {} : { removed: this.#removed };
    const head = { peer: peerId, oldest: this.#oldest, newest: this.#newest, ...removed, clock: this.#time.saved };
    await this.#writeHead(directory, head, privateKey);
    this.#wroteMs = this.#clock.monotonicMs();
  }
}
