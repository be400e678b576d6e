import type { Clock } from "../../core/clock.ts";
import { BLOCKLIST_LIMITS } from "./limits.ts";
import { type ListContent, ListGatherer, type ListRoom } from "./list-content.ts";
import { listFault } from "./list-fault.ts";
import type { HashSeed } from "./name-hash.ts";
import { readListLine } from "./read-list-line.ts";
import { type Steps, StepTaker } from "./steps.ts";

const PIECE_BYTES = 16 * 1024;
const CHARACTERS_A_STEP = 1_024;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** What reading a list takes beside its bytes. */
export interface ParseOptions {
  readonly seed: HashSeed;
  readonly room: ListRoom;
  readonly signal: AbortSignal;
}

/**
 * Reads a whole list of whatever format, in UTF-8, lines ended by LF, CR or both; lets the event loop turn meanwhile.
 * Throws ERR_BLOCKLIST for an HTML page, for what has no entry at all, and where there is no room; the abort reason.
 */
export async function parseBlocklist(
  clock: Clock,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { seed, room, signal }: ParseOptions,
): Promise<ListContent> {
  const lines = new ListLines(room);
  const taker = new StepTaker({ clock }, signal);
  for await (const chunk of chunks) await taker.take(lines.push(chunk));
  return taker.take(lines.end(seed));
}

/** The lines of one list. Of a line that is too long nothing is kept. */
class ListLines {
  readonly #gatherer: ListGatherer;
  #unread = 0;
  /** The beginning of a line of which the end is still to come. */
  #open: Uint8Array = new Uint8Array();
  #isSkipping = false;
  #isFirst = true;

  constructor(room: ListRoom) {
    this.#gatherer = new ListGatherer(room);
  }

  *push(chunk: Uint8Array): Steps<void> {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield* this.#piece(chunk.subarray(at, at + PIECE_BYTES));
  }

  *end(seed: HashSeed): Steps<ListContent> {
    yield* this.#lines(this.#open);
    this.#open = new Uint8Array();
    if (this.#gatherer.count === 0 && this.#unread > 0) throw listFault("has no entry of a form that is known");
    return yield* this.#gatherer.content(seed, this.#unread);
  }

  *#piece(piece: Uint8Array): Steps<void> {
    const ends = [piece.indexOf(LINE_FEED), piece.indexOf(CARRIAGE_RETURN)].filter((at) => at !== -1);
    if (ends.length === 0) {
      this.#keep(piece);
      return;
    }
    const first = Math.min(...ends);
    const last = Math.max(piece.lastIndexOf(LINE_FEED), piece.lastIndexOf(CARRIAGE_RETURN));
    this.#keep(piece.subarray(0, first));
    yield* this.#lines(this.#open);
    this.#open = new Uint8Array();
    this.#isSkipping = false;
    yield* this.#lines(piece.subarray(first, last));
    this.#keep(piece.subarray(last + 1));
  }

  /** Adds to the open line, unless it is too long. Copies: the piece is its owner's. */
  #keep(part: Uint8Array): void {
    if (this.#isSkipping) return;
    if (this.#open.length + part.length <= BLOCKLIST_LIMITS.lineBytes.value) {
      this.#open = Buffer.concat([this.#open, part]);
      return;
    }
    this.#isSkipping = true;
    this.#unread += 1;
    this.#open = new Uint8Array();
  }

  *#lines(bytes: Uint8Array): Steps<void> {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
    let steppedAt = 0;
    for (let from = 0; from < text.length; ) {
      const feed = text.indexOf("\n", from);
      const to = feed === -1 ? text.length : feed;
      const line = text.slice(from, to);
      if (line.includes("\r")) for (const part of line.split("\r")) this.#line(part);
      else this.#line(line);
      from = to + 1;
      if (from - steppedAt < CHARACTERS_A_STEP) continue;
      steppedAt = from;
      yield;
    }
  }

  #line(line: string): void {
    if (line.length > BLOCKLIST_LIMITS.lineBytes.value) {
      this.#unread += 1;
      return;
    }
    // A byte order mark is a space to `trim`.
    if (this.#isFirst && line.trim() !== "") {
      this.#isFirst = false;
      if (line.trimStart().startsWith("<")) throw listFault("is an HTML page");
    }
    if (readListLine(line, this.#gatherer) === "unread") this.#unread += 1;
  }
}
