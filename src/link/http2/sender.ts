import { SendWindow } from "./flow-control.ts";
import { FRAME_HEAD_BYTES, SMALLEST_MAX_FRAME_BYTES } from "./frame-format.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import { HTTP2_LIMITS } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import type { Wire } from "./wire.ts";
import {
  writeDataHead,
  writeGoaway,
  writeHeadersHead,
  writePing,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "./write-frame.ts";

// Read for each write.
const AHEAD_BYTES = HTTP2_LIMITS.writeAheadBytes.value;
const OWN_FRAME_BYTES = HTTP2_LIMITS.sentFrameBytes.value;

/** What a write has taken of its streams. */
export interface Batch {
  readonly bytes: number;
  readonly controlBytes: number;
  /** Streams of which nothing waits any more. */
  readonly emptied: DataSource[];
  isWritten: boolean;
}

/** DATA of one stream that waits to be sent. */
export interface DataSource {
  readonly id: number;
  readonly window: SendWindow;
  /** Bytes that wait. */
  readonly waiting: number;
  /** The write that took some of it last. */
  batch: Batch | undefined;
  /** The next in the queue of the sender; both belong to the sender. */
  next: DataSource | undefined;
  isQueued: boolean;
  /** Moves `bytes` of what waits to `outbox`. */
  moveTo(outbox: Outbox, bytes: number): void;
  /** Whether END_STREAM goes with the last of what waited; asked when all of it was moved. */
  endsHere(): boolean;
  /** END_STREAM was sent. */
  ended(): void;
  /** Nothing reads the bytes any more that were given to the stream. */
  wrote(): void;
}

/**
 * Sends frames: gathers those of one turn of the event loop and writes them at once.
 *
 *     control frames ──────────────────────► outbox ─┐
 *     DATA of streams ─ in turn, at the end  ────────┴─► wire, at most `writeAheadBytes` ahead
 *
 * DATA is cut into frames only when the wire takes it, so control frames never wait behind DATA that is held up. Streams
 * have turns of one frame each.
 */
export class Sender {
  /** What the peer lets this end send on the connection. */
  readonly window: SendWindow;
  /** The largest payload that the peer takes. */
  maxFrameBytes: number = SMALLEST_MAX_FRAME_BYTES;
  readonly #wire: Wire;
  readonly #outbox = new Outbox();
  readonly #encoder = new HpackEncoder();
  readonly #underWay: Batch[] = [];
  #underWayBytes = 0;
  #controlUnderWay = 0;
  #first: DataSource | undefined;
  #last: DataSource | undefined;
  #isScheduled = false;
  #isOver = false;

  constructor(wire: Wire, windowBytes: number) {
    this.#wire = wire;
    this.window = new SendWindow(windowBytes);
  }

  /** Bytes of control frames that have not left. */
  get controlBytes(): number {
    return this.#outbox.bytes + this.#controlUnderWay;
  }

  /** The bytes before the first frame of a client. */
  preface(bytes: Uint8Array): void {
    const at = this.#outbox.reserve(bytes.length);
    this.#outbox.memory.set(bytes, at);
    this.#commit(at + bytes.length);
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    const at = this.#outbox.reserve(FRAME_HEAD_BYTES + 6 * settings.length);
    this.#commit(writeSettings(this.#outbox.memory, at, settings));
  }

  settingsAck(): void {
    const at = this.#outbox.reserve(FRAME_HEAD_BYTES);
    this.#commit(writeSettingsAck(this.#outbox.memory, at));
  }

  ping(payload: Uint8Array, isAck: boolean): void {
    const at = this.#outbox.reserve(17);
    this.#commit(writePing(this.#outbox.memory, at, payload, isAck));
  }

  goaway(lastStreamId: number, code: number): void {
    const at = this.#outbox.reserve(17);
    this.#commit(writeGoaway(this.#outbox.memory, at, lastStreamId, code));
  }

  reset(streamId: number, code: number): void {
    const at = this.#outbox.reserve(13);
    this.#commit(writeReset(this.#outbox.memory, at, streamId, code));
  }

  windowUpdate(streamId: number, increment: number): void {
    const at = this.#outbox.reserve(13);
    this.#commit(writeWindowUpdate(this.#outbox.memory, at, streamId, increment));
  }

  /** Sends a header list, names and values by turns. Throws RangeError for more than `sentFieldBytes`. */
  fields(streamId: number, fields: readonly string[], isLast: boolean): void {
    const most = fieldBytes(fields);
    if (most > HTTP2_LIMITS.sentFieldBytes.value) throw new RangeError("the header list is too long for one frame");
    const at = this.#outbox.reserve(FRAME_HEAD_BYTES + 2 + most);
    const { memory } = this.#outbox;
    const end = this.#encoder.encode(fields, memory, at + FRAME_HEAD_BYTES);
    this.#commit(writeHeadersHead(memory, at, end, streamId, isLast));
  }

  /** END_STREAM without a byte: no window holds it up. */
  end(streamId: number): void {
    const at = this.#outbox.reserve(FRAME_HEAD_BYTES);
    this.#commit(writeDataHead(this.#outbox.memory, at, 0, streamId, true));
  }

  /** Says that `source` has something that waits and a window for it. */
  queue(source: DataSource): void {
    if (source.isQueued || source.waiting === 0 || source.window.bytes <= 0) return;
    source.isQueued = true;
    source.next = undefined;
    if (this.#last === undefined) this.#first = source;
    else this.#last.next = source;
    this.#last = source;
    this.schedule();
  }

  /**
   * Says that nothing of `source` waits any more. Its `wrote` is called once the wire no longer reads what it has given, and
   * not before: the memory may be another stream's by then.
   */
  drop(source: DataSource): void {
    const { batch } = source;
    if (batch === undefined || batch.isWritten) source.wrote();
    else if (!batch.emptied.includes(source)) batch.emptied.push(source);
  }

  /** The wire has written the oldest write that is under way. */
  written(): void {
    const batch = this.#underWay.shift();
    if (batch === undefined) return;
    this.#finish(batch);
    if (this.#outbox.bytes > 0 || this.#first !== undefined) this.schedule();
  }

  /** Writes what waits as far as windows and wire allow. */
  flush(): void {
    if (this.#isOver || this.#underWayBytes >= AHEAD_BYTES) return;
    const controlBytes = this.#outbox.bytes;
    const batch: { -readonly [K in keyof Batch]: Batch[K] } = { bytes: 0, controlBytes, emptied: [], isWritten: false };
    const ended = this.#moveData(batch, AHEAD_BYTES - this.#underWayBytes);
    this.#write(batch);
    // Afterwards, since the last stream's end may end the session.
    for (const source of ended) source.ended();
  }

  /** Writes all control frames, and no more of any stream; nothing is sent from here on. */
  finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const controlBytes = this.#outbox.bytes;
    this.#write({ bytes: 0, controlBytes, emptied: [], isWritten: false });
  }

  /** The wire is closed: it reads nothing any more. */
  lost(): void {
    this.#isOver = true;
    for (const batch of this.#underWay.splice(0)) this.#finish(batch);
  }

  /** Returns the streams of which END_STREAM went along. */
  #moveData(batch: Batch, most: number): readonly DataSource[] {
    const ended: DataSource[] = [];
    const frameBytes = Math.min(this.maxFrameBytes, OWN_FRAME_BYTES);
    let left = most;
    while (left > 0 && this.window.bytes > 0) {
      const source = this.#shift();
      if (source === undefined) break;
      const bytes = Math.min(source.waiting, source.window.bytes, this.window.bytes, frameBytes);
      // Its window was made smaller, or it was reset, since it came to the queue.
      if (bytes <= 0) continue;
      const at = this.#outbox.reserve(FRAME_HEAD_BYTES);
      this.#outbox.commit(at + FRAME_HEAD_BYTES);
      const { memory } = this.#outbox;
      this.window.take(bytes);
      source.window.take(bytes);
      source.batch = batch;
      source.moveTo(this.#outbox, bytes);
      const isEmpty = source.waiting === 0;
      const isLast = isEmpty && source.endsHere();
      writeDataHead(memory, at, bytes, source.id, isLast);
      if (isEmpty) batch.emptied.push(source);
      else this.queue(source);
      if (isLast) ended.push(source);
      left -= bytes;
    }
    return ended;
  }

  #write(batch: { bytes: number } & Batch): void {
    const { bytes } = this.#outbox;
    if (bytes === 0) return;
    batch.bytes = bytes;
    this.#underWay.push(batch);
    this.#underWayBytes += bytes;
    this.#controlUnderWay += batch.controlBytes;
    this.#wire.write(this.#outbox.take());
  }

  #finish(batch: Batch): void {
    batch.isWritten = true;
    this.#underWayBytes -= batch.bytes;
    this.#controlUnderWay -= batch.controlBytes;
    for (const source of batch.emptied) source.wrote();
  }

  #shift(): DataSource | undefined {
    const source = this.#first;
    if (source === undefined) return undefined;
    this.#first = source.next;
    if (this.#first === undefined) this.#last = undefined;
    source.next = undefined;
    source.isQueued = false;
    return source;
  }

  #commit(end: number): void {
    this.#outbox.commit(end);
    this.schedule();
  }

  /** Lets what waits leave at the end of this turn of the event loop. */
  schedule(): void {
    if (this.#isScheduled || this.#isOver) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurnEnd);
  }

  readonly #onTurnEnd = (): void => {
    this.#isScheduled = false;
    this.flush();
  };
}

/** The size of a header list (RFC 9113 §6.5.2). */
function fieldBytes(fields: readonly string[]): number {
  let bytes = 16 * fields.length;
  for (const part of fields) bytes += part.length;
  return bytes;
}
