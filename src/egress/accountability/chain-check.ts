import { given } from "../../core/given.ts";
import { MINUTE_MS } from "../../core/units.ts";
import { ACCOUNTABILITY_LIMITS } from "./limits.ts";
import {
  bodyHash,
  chainHashOf,
  type LogRecord,
  type RedactedRecord,
  readRecord,
  readRedacted,
  recordFields,
} from "./log-record.ts";
import { verifyChain } from "./log-signature.ts";
import type { LogLine } from "./read-lines.ts";

/** What is wrong with a record. */
export type FlawKind = "form" | "hash" | "sequence" | "signature" | "peer" | "torn" | "missing" | "head";

/** What was seen of a chain, as far as its head record speaks of it. */
export interface SeenChain {
  /** The number of its first file; absent where there is none. */
  readonly firstFile?: number | undefined;
  readonly lastSeq?: number | undefined;
  /** The hash of the record that the head record names; absent where it was not met. */
  readonly namedHash?: string | undefined;
  /** Whether its files say that there is a head record. */
  readonly hasHead: boolean;
}

/** A place where a log is not what a node wrote. */
export interface LogFlaw {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Of the line's first byte, from 0. */
  readonly offset: number;
  readonly kind: FlawKind;
  readonly message: string;
}

/** What was seen of one chain. Plain JSON; times are ISO 8601. */
export interface ChainVerdict {
  readonly name: string;
  readonly files: number;
  readonly records: number;
  /** Records of an export of which only the hash is shown. */
  readonly redacted: number;
  readonly signatures: number;
  /** Records after the last signature, which nothing but the chain holds together. */
  readonly unsigned: number;
  /** Numbers and times of the first and the last record. */
  readonly firstSeq?: number;
  readonly lastSeq?: number;
  readonly from?: string;
  readonly to?: string;
  /** The hash of the last record: what an export of today can be held against tomorrow. */
  readonly lastHash?: string;
  /** Who signed. */
  readonly peers: readonly string[];
  /** What is odd and no flaw. */
  readonly notes: readonly string[];
}

/** A whole record is told from a torn one by this, even where its line feed is gone. */
const WHOLE = /"hash":"[0-9a-f]{64}"\}/;

/** Follows one chain line by line, and says what does not follow from what was before. Does no I/O. */
export class ChainCheck {
  readonly flaws: LogFlaw[] = [];
  readonly #name: string;
  readonly #peer: string | undefined;
  readonly #peers = new Set<string>();
  readonly #notes: string[] = [];
  #file = "";
  #files = 0;
  #records = 0;
  #redacted = 0;
  #signatures = 0;
  #unsigned = 0;
  #flawCount = 0;
  /** Undefined where the line before could not be read, or was none. */
  #before: string | undefined;
  #seq: number | undefined;
  #first: LogRecord | undefined;
  #last: LogRecord | undefined;
  #lastSeq: number | undefined;
  #lastHash: string | undefined;
  readonly #namedSeq: number | undefined;
  #namedHash: string | undefined;
  #hasHead = false;

  /** `peer` must have signed everything, where it is given. `namedSeq` is the record of which the head record has the hash. */
  constructor(options: { name: string; peer?: string | undefined; namedSeq?: number }) {
    this.#name = options.name;
    this.#peer = options.peer;
    this.#namedSeq = options.namedSeq;
  }

  /** What the chain's head record is held against. */
  get seen(): SeenChain {
    return { lastSeq: this.#lastSeq, namedHash: this.#namedHash, hasHead: this.#hasHead };
  }

  /** How many flaws there are; not all of them may be in `flaws`. */
  get flawCount(): number {
    return this.#flawCount;
  }

  /** What follows stands in this file. */
  beginFile(file: string): void {
    this.#file = file;
    this.#files += 1;
  }

  /** The chain is entered behind a record of this hash. */
  enter(hash: string): void {
    this.#before = hash;
  }

  /** Looks at the next line; `isEnd` says that no other can follow. Gives the record, flawed or not. */
  take(line: LogLine, isEnd: boolean): LogRecord | RedactedRecord | undefined {
    if (!line.isWhole) {
      this.#takeRest(line, isEnd);
      return undefined;
    }
    const record = readRecord(line.text) ?? readRedacted(line.text);
    if (record === undefined) {
      this.#flaw(line, "form", "the line is no record");
      this.#before = undefined;
      if (this.#seq !== undefined) this.#seq += 1;
      return undefined;
    }
    const fields = "body" in record && CHECKED.has(record.event) ? recordFields(record) : {};
    if (
      record.event === "file" &&
      this.#lastHash === undefined &&
      this.#before === undefined &&
      this.#flawCount === 0
    ) {
      this.#before = String(fields.prev);
    }
    if (record.event === "file" && typeof fields.oldest === "number") this.#hasHead = true;
    const before = this.#before;
    if (this.#isSequel(line, record) && this.#isLinked(line, record)) this.#look(line, record, fields, before ?? "");
    this.#keep(record);
    return record;
  }

  /** What was seen so far. */
  get verdict(): ChainVerdict {
    const first = this.#first?.time;
    const last = this.#last?.time;
    return {
      name: this.#name,
      files: this.#files,
      records: this.#records,
      redacted: this.#redacted,
      signatures: this.#signatures,
      unsigned: this.#unsigned,
      ...given({ firstSeq: this.#first?.seq, lastSeq: this.#lastSeq, from: first, to: last, lastHash: this.#lastHash }),
      peers: [...this.#peers],
      notes: this.#notes,
    };
  }

  /** Bytes without a line feed: what is being written this moment, or what a crash left; elsewhere something is missing. */
  #takeRest(line: LogLine, isEnd: boolean): void {
    if (!isEnd) this.#flaw(line, "torn", "the file ends within a record, and others follow");
    else if (WHOLE.test(line.text)) this.#flaw(line, "torn", "the line feed of the last record was changed");
    else
      this.#note(
        `${this.#file} ends with ${line.bytes} bytes of no whole record: it is being written, or a crash cut it`,
      );
  }

  #isSequel(line: LogLine, { seq }: LogRecord | RedactedRecord): boolean {
    const expected = this.#seq === undefined ? seq : this.#seq + 1;
    if (seq === expected) return true;
    const what =
      seq > expected
        ? `records ${expected} to ${seq - 1} are missing`
        : `record ${seq} follows record ${expected - 1}: it was inserted, or is there twice`;
    this.#flaw(line, "sequence", what);
    return false;
  }

  #isLinked(line: LogLine, record: LogRecord | RedactedRecord): boolean {
    // The line before is the flaw; there is nothing to hold this one against.
    if (this.#before === undefined && this.#flawCount > 0) return true;
    if (this.#before === undefined) {
      this.#flaw(line, "form", "the first record is none that begins a file");
      return false;
    }
    const hashOfBody = "body" in record ? bodyHash(record.body) : record.bodyHash;
    if (chainHashOf(this.#before, hashOfBody) === record.hash) return true;
    this.#flaw(line, "hash", `record ${record.seq} or what is before it was changed: its hash is another`);
    return false;
  }

  #look(line: LogLine, record: LogRecord | RedactedRecord, fields: Fields, before: string): void {
    if (!("body" in record)) return;
    if (record.event === "file") {
      if (fields.prev !== before && before !== "") {
        this.#flaw(line, "hash", "the file does not go on from the one before: its `prev` is another hash");
      }
      this.#checkPeer(line, String(fields.peer));
    } else if (record.event === "signature") {
      const peer = String(fields.peer);
      this.#checkPeer(line, peer);
      if (before !== "" && !verifyChain(peer, before, String(fields.signature))) {
        this.#flaw(line, "signature", `the signature of ${peer} is wrong`);
      } else {
        this.#peers.add(peer);
        this.#signatures += 1;
        // Counted by `#keep` right after.
        this.#unsigned = -1;
      }
    }
    const stepMs = this.#last === undefined ? 0 : Date.parse(this.#last.time) - Date.parse(record.time);
    if (stepMs > ACCOUNTABILITY_LIMITS.backwardsMs.value) {
      this.#note(`the clock went back by ${Math.round(stepMs / MINUTE_MS)} min at record ${record.seq}`);
    }
  }

  #checkPeer(line: LogLine, peer: string): void {
    if (this.#peer === undefined || peer === this.#peer) return;
    this.#flaw(line, "peer", `it is of ${peer}, not of ${this.#peer}`);
  }

  #keep(record: LogRecord | RedactedRecord): void {
    this.#before = record.hash;
    this.#seq = record.seq;
    this.#lastSeq = record.seq;
    if (record.seq === this.#namedSeq) this.#namedHash = record.hash;
    this.#lastHash = record.hash;
    this.#records += 1;
    this.#unsigned += 1;
    if ("body" in record) {
      this.#first ??= record;
      this.#last = record;
    } else this.#redacted += 1;
  }

  #flaw({ number, offset }: LogLine, kind: FlawKind, message: string): void {
    this.#flawCount += 1;
    if (this.flaws.length >= ACCOUNTABILITY_LIMITS.flaws.value) return;
    this.flaws.push({ file: this.#file, line: number, offset, kind, message });
  }

  #note(text: string): void {
    if (this.#notes.length < ACCOUNTABILITY_LIMITS.notes.value) this.#notes.push(text);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Events whose fields verification looks at. */
const CHECKED: ReadonlySet<string> = new Set(["file", "signature"]);
