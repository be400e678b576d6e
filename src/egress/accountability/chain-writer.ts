import type { KeyObject } from "node:crypto";
import { chmod, type FileHandle, open, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { PeerId } from "../../identity/peer-id.ts";
import { type ClaimedLock, claimLock } from "../../storage/claimed-lock.ts";
import { makeDirectory } from "../../storage/make-directory.ts";
import type { FoundHead } from "./chain-head.ts";
import { ChainKeeper, type HeldFiles, type LastRecord } from "./chain-keeper.ts";
import { tendLeftChains } from "./left-chains.ts";
import { ACCOUNTABILITY_LIMITS } from "./limits.ts";
import { type LogFile, listLogFiles, logFile } from "./log-files.ts";
import {
  CHAIN_BEGIN,
  chainHash,
  LOG_VERSION,
  recordBody,
  recordLine,
  recordTime,
  type WaitingRecord,
} from "./log-record.ts";
import { signChain } from "./log-signature.ts";
import { type ChainEnd, scanChain } from "./scan-chain.ts";

/** What a line has beside its fields, at the most. */
const FRAME_BYTES = 150;

/** Where and for whom a chain is written. */
export interface ChainWriterOptions {
  readonly directory: string;
  /** After so many days a file goes. */
  readonly days: number;
  /** The most bytes of all files. */
  readonly maxBytes: number;
  readonly peerId: PeerId;
  readonly privateKey: KeyObject;
}

/** How a chain was found. */
export interface FoundChain {
  readonly state: "new" | "stopped" | "cut-off";
  /** What others did to it since: newest records are gone, or the head record is. */
  readonly missing?: "records" | "head";
  /** Bytes of no whole record that were cut away. */
  readonly cutBytes: number;
}

/** Why a chain cannot be written, where it is no system error. */
export class ChainTrouble extends Error {
  override readonly name = "ChainTrouble";
}

interface OpenFile extends LogFile {
  readonly handle: FileHandle;
  readonly inode: number;
}

/**
 * The files of one chain, and their one writer. A record is in them whole or not at all: where a write fails, what it
 * left is cut away, at once or at the latest when the chain is opened again, and the chain goes on from its last record.
 *
 * All calls are made one after the other; after one has thrown (Node's system errors, ChainTrouble), `open` comes next.
 */
export class ChainWriter {
  readonly #clock: Clock;
  readonly #options: ChainWriterOptions;
  readonly #fileBytes: number;
  #lock: ClaimedLock | undefined;
  #file: OpenFile | undefined;
  /** What is known to stand in the current file. */
  #size = 0;
  readonly #keeper: ChainKeeper;
  #last: LastRecord | undefined;
  #otherBytes = 0;
  #unsigned = 0;

  /** `onHeld` is called when files begin to be kept beyond their days because the clock leapt. */
  constructor(components: { clock: Clock; onHeld?: (held: HeldFiles) => void }, options: ChainWriterOptions) {
    this.#clock = components.clock;
    this.#options = options;
    this.#fileBytes = Math.min(ACCOUNTABILITY_LIMITS.fileBytes.value, Math.floor(options.maxBytes / 4));
    this.#keeper = new ChainKeeper(components, { ...options, fileBytes: this.#fileBytes });
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#otherBytes + this.#size;
  }

  /** What is kept beyond its days because the clock leapt. */
  get held(): HeldFiles | undefined {
    return this.#keeper.held;
  }

  /** Records that no signature covers yet. */
  get unsigned(): number {
    return this.#unsigned;
  }

  /** Makes the directory, takes its lock and goes on where the chain ends; the same after something was thrown. */
  async open(): Promise<FoundChain> {
    const { directory } = this.#options;
    if (this.#file !== undefined && (await this.#isInPlace())) {
      await this.#checkRoom();
      await this.#file.handle.truncate(this.#size);
      return { state: "stopped", cutBytes: 0 };
    }
    await this.#closeFile();
    this.#lock?.release();
    this.#lock = undefined;
    // In two steps, since the processes of a node make it at the same moment.
    await makeDirectory(dirname(directory));
    await makeDirectory(directory);
    await chmod(directory, 0o700);
    await this.#checkRoom();
    this.#lock = await claimLock(join(directory, "lock"));
    if (this.#lock === undefined) throw new ChainTrouble("another process writes to this directory");
    const found = await this.#goOn();
    await this.sync();
    await this.#removeOld();
    return found;
  }

  /** Appends records. Nothing of them is kept where it throws. */
  async append(records: readonly WaitingRecord[]): Promise<void> {
    const bytes = records.reduce((sum, { fields }) => sum + fields.length + FRAME_BYTES, 0);
    if (this.#size + bytes > this.#fileBytes || this.#isPastDay()) await this.rotate();
    await this.#write(records);
    this.#unsigned += records.length;
  }

  /** Signs what was appended since the last signature. */
  async sign(): Promise<void> {
    const { peerId, privateKey } = this.#options;
    if (this.#unsigned === 0 || this.#last === undefined) return;
    const signature = signChain(privateKey, peerId, this.#last.hash);
    const fields = `"event":"signature","peer":"${peerId}","signature":"${signature}"`;
    await this.#write([{ timeMs: this.#clock.nowMs(), fields }]);
    this.#unsigned = 0;
  }

  /** Brings everything to the disk, and says in the head record what is there once it is signed. */
  async sync(): Promise<void> {
    const last = this.#last;
    const isSigned = this.#unsigned === 0;
    if (this.#file === undefined) return;
    await this.#file.handle.datasync();
    if (!(await this.#isInPlace())) throw new ChainTrouble("the file was removed or replaced");
    if (last !== undefined && isSigned) await this.#keeper.note(this.#file.number, last, false);
  }

  /** Begins a new file where the current one is of a day that is over, and removes files that are too old. */
  async tend(): Promise<void> {
    if (this.#isPastDay()) await this.rotate();
    await this.#removeOld();
    await this.#noteHead();
    const { directory, days, peerId, privateKey } = this.#options;
    // Not at the opening, when all chains of a node are locked one after the other. What another chain's files say of
    // themselves must not keep this one from being written, and is tried again.
    const nowMs = this.#keeper.safeMs();
    await tendLeftChains(directory, { days, nowMs, peerId, privateKey }).catch(() => {});
  }

  /** Signs, closes the current file and begins the next. */
  async rotate(): Promise<void> {
    await this.sign();
    await this.sync();
    const number = (this.#file?.number ?? 0) + 1;
    await this.#closeFile();
    await this.#beginFile(number);
    await this.#noteHead();
    await this.#removeOld();
  }

  async #removeOld(): Promise<void> {
    this.#otherBytes = await this.#keeper.removeOld(this.#file?.path);
  }

  /** Says what is there now, after bringing it to the disk. */
  async #noteHead(): Promise<void> {
    const [file, last] = [this.#file, this.#last];
    if (file === undefined || last === undefined) return;
    await file.handle.datasync();
    await this.#keeper.note(file.number, last, true);
  }

  /** Closes the file and gives the lock back. Idempotent; never throws. */
  async close(): Promise<void> {
    await this.#noteHead().catch(() => {});
    await this.#closeFile();
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** Goes on in the last file that ends with a record, or begins one. */
  async #goOn(): Promise<FoundChain> {
    const files = await listLogFiles(this.#options.directory);
    const head = await this.#keeper.find();
    const oldest = files[0]?.number ?? 1;
    const last = files.at(-1)?.number ?? 0;
    let cutBytes = 0;
    let isPassedOver = false;
    for (const file of files.toReversed()) {
      // Readable by its owner only, whatever was done to it meanwhile.
      await chmod(file.path, 0o600);
      const handle = await open(file.path, "r+");
      try {
        const end = await scanChain(handle);
        if (end.seq > 0) {
          this.#keeper.begin(head, { oldest: end.oldest ?? oldest, timeMs: end.timeMs });
          this.#file = { ...file, handle, inode: (await handle.stat()).ino };
          const found = await this.#goOnIn(this.#file, end, head, isPassedOver ? last : undefined);
          return { ...found, cutBytes: found.cutBytes + cutBytes };
        }
        if (end.totalBytes < ACCOUNTABILITY_LIMITS.lineBytes.value) {
          // What a crash left of a file's first record.
          cutBytes += end.totalBytes;
          await rm(file.path, { force: true });
        } else isPassedOver = true;
      } finally {
        if (this.#file?.handle !== handle) await handle.close();
      }
    }
    this.#keeper.begin(head, { oldest, timeMs: undefined });
    const missing = this.#takeUp(head, { seq: 0, hash: CHAIN_BEGIN });
    const state = this.#last === undefined && files.length === 0 ? "new" : "cut-off";
    // Before the first file, which says that there is a head record.
    if (head === "absent") await this.#keeper.note(0, this.#last ?? { seq: 0, hash: CHAIN_BEGIN, timeMs: 0 }, true);
    await this.#beginFile(Math.max(isPassedOver ? last : 0, numberIn(head)) + 1);
    return { state, cutBytes, ...missing };
  }

  async #goOnIn(file: OpenFile, end: ChainEnd, head: FoundHead, passedOver: number | undefined): Promise<FoundChain> {
    const isLost = head !== "absent" || end.oldest === undefined ? {} : ({ missing: "head" } as const);
    const missing = this.#takeUp(head, end);
    const isOurs = this.#last === undefined || (this.#last.seq === end.seq && this.#last.hash === end.hash);
    this.#last ??= { seq: end.seq, hash: end.hash, timeMs: end.timeMs ?? 0 };
    await file.handle.truncate(end.goodBytes);
    this.#size = end.goodBytes;
    // At least one; how many is not worth a look.
    this.#unsigned = end.isSigned ? 0 : 1;
    if (!isOurs || end.peer !== this.#options.peerId || passedOver !== undefined) {
      // What another key has signed, others put there or damage left is left as it is.
      await this.#closeFile();
      await this.#beginFile(Math.max(passedOver ?? file.number, numberIn(head)) + 1);
    }
    const cutBytes = end.totalBytes - end.goodBytes;
    const state = end.event === "stop" && cutBytes === 0 ? "stopped" : "cut-off";
    return { state, cutBytes, ...isLost, ...missing };
  }

  /** Goes on behind what the head record names where that is gone: a gap stays to be found, and no number comes twice. */
  #takeUp(head: FoundHead, end: { readonly seq: number; readonly hash: string }): Pick<FoundChain, "missing"> {
    if (head === "spoiled") return { missing: "head" };
    if (this.#last !== undefined || head === "absent") return {};
    const { seq, hash, time } = head.newest;
    if (seq < end.seq || (seq === end.seq && hash === end.hash)) return {};
    this.#last = { seq, hash, timeMs: Date.parse(time) };
    return { missing: "records" };
  }

  async #beginFile(number: number): Promise<void> {
    const { directory, peerId } = this.#options;
    const nowMs = this.#clock.nowMs();
    const file = logFile(directory, number, recordTime(nowMs).slice(0, 10));
    const handle = await open(file.path, "wx", 0o600);
    try {
      this.#file = { ...file, handle, inode: (await handle.stat()).ino };
      this.#otherBytes += this.#size;
      this.#size = 0;
      const prev = this.#last?.hash ?? CHAIN_BEGIN;
      // Says as well that there is a head record.
      const oldest = Math.min(this.#keeper.oldest, number);
      const fields = `"event":"file","version":${LOG_VERSION},"peer":"${peerId}","number":${number},"prev":"${prev}","oldest":${oldest}`;
      await this.#write([{ timeMs: nowMs, fields }]);
      await handle.datasync();
      await syncDirectory(directory);
    } catch (error) {
      this.#file = undefined;
      await handle.close().catch(() => {});
      await rm(file.path, { force: true }).catch(() => {});
      throw error;
    }
  }

  async #write(records: readonly WaitingRecord[]): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new ChainTrouble("no file is open");
    let { seq, hash, timeMs } = this.#last ?? { seq: 0, hash: CHAIN_BEGIN, timeMs: 0 };
    let text = "";
    for (const record of records) {
      seq += 1;
      const body = recordBody(seq, record);
      hash = chainHash(hash, body);
      timeMs = record.timeMs;
      text += recordLine(body, hash);
    }
    const bytes = Buffer.from(text, "latin1");
    try {
      await writeAll(file.handle, bytes, this.#size);
    } catch (error) {
      await file.handle.truncate(this.#size).catch(() => {});
      throw error;
    }
    this.#size += bytes.length;
    this.#last = { seq, hash, timeMs };
  }

  #isPastDay(): boolean {
    return this.#file !== undefined && this.#file.day !== recordTime(this.#clock.nowMs()).slice(0, 10);
  }

  /** Whether the file that is open is still the one of its name; a removed one takes writes without a word. */
  async #isInPlace(): Promise<boolean> {
    const file = this.#file;
    if (file === undefined) return false;
    try {
      return (await stat(file.path)).ino === file.inode;
    } catch {
      return false;
    }
  }

  async #checkRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#options.directory);
    // Some file systems know no such figure.
    if (bavail * bsize >= ACCOUNTABILITY_LIMITS.roomBytes.value || bsize === 0) return;
    throw new ChainTrouble("no space is left on the disk (ENOSPC)");
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => {});
  }
}

function numberIn(head: FoundHead): number {
  return typeof head === "string" ? 0 : head.newest.number;
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and needs no such step.
  if (process.platform === "win32") return;
  await using handle = await open(path, "r");
  await handle.sync();
}
