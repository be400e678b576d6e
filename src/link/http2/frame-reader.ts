import { LINK_LIMITS } from "../limits.ts";
import { readControlFrame } from "./control-frames.ts";
import { ERROR_CODE } from "./error-code.ts";
import { CLIENT_PREFACE, FRAME_FLAG, FRAME_TYPE } from "./frame-format.ts";
import { FrameHead } from "./frame-head.ts";
import { checkFrameHead } from "./frame-rules.ts";
import type { FrameSink } from "./frame-sink.ts";
import { HeaderBlock } from "./header-block.ts";
import { HeldBytes } from "./held-bytes.ts";
import { Http2Error } from "./http2-error.ts";

/** What a reader is for. */
export interface FrameReaderOptions {
  /** Our end. A server's reader demands the client's preface first (RFC 9113 §3.4). */
  readonly role: "client" | "server";
  /** The largest payload that we advertise (SETTINGS_MAX_FRAME_SIZE): 16,384 to 16,777,215. */
  readonly maxFrameBytes: number;
}

/*
 *   PREFACE ─► HEAD ─► control frames, header blocks ─► WHOLE ─► HEAD
 *               ├────► DATA [padded: ─► PAD_LENGTH] ─► DATA [─► SKIP] ─► HEAD
 *               └────► frames that do nothing ─► SKIP ─► HEAD
 * STOPPED follows an error, or stop().
 */
const PREFACE = 0;
const HEAD = 1;
const WHOLE = 2;
const PAD_LENGTH = 3;
const DATA = 4;
const SKIP = 5;
const STOPPED = 6;

const MOST_GOAWAY_BYTES = 8 + LINK_LIMITS.goawayDebugBytes.value;
const NONE = new Uint8Array(0);

/**
 * Reads the frames of one connection. DATA passes through in pieces as they come, without a copy; other frames are whole. The
 * reader keeps no chunk, and of its own at most one header block.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #ofServer: boolean;
  readonly #maxFrameBytes: number;
  readonly #head = new FrameHead();
  readonly #block = new HeaderBlock();
  /** The payload of a frame that must be whole and is not yet. */
  readonly #held = new HeldBytes();
  #state: number;
  /** Bytes of the payload that are still missing, and those that are skipped behind them. */
  #missing = 0;
  #skipped = 0;
  #prefaceBytes = 0;
  #hasSettings = false;

  constructor(sink: FrameSink, options: FrameReaderOptions) {
    this.#sink = sink;
    this.#ofServer = options.role === "client";
    this.#maxFrameBytes = options.maxFrameBytes;
    this.#state = options.role === "server" ? PREFACE : HEAD;
  }

  /** Bytes of memory that the reader keeps for what is not whole. */
  get heldBytes(): number {
    return this.#held.bytes.length + this.#block.heldBytes;
  }

  /**
   * Reads `chunk` and calls the sink for what it brings. Throws Http2Error (scope connection) where the peer broke a rule that
   * ends the connection, or what the sink threw; afterwards it reads nothing.
   */
  push(chunk: Uint8Array): void {
    try {
      for (let at = 0; at < chunk.length && this.#state !== STOPPED; ) at = this.#read(chunk, at);
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Reads nothing more: neither the rest of the chunk that is being read, nor later ones. A sink may call it. */
  stop(): void {
    this.#state = STOPPED;
    this.#held.clear();
    this.#block.close();
  }

  /** Reads something at `chunk[at]`, and returns the offset after it. */
  #read(chunk: Uint8Array, at: number): number {
    switch (this.#state) {
      case HEAD: {
        const next = this.#head.read(chunk, at);
        if (this.#head.isWhole) this.#begin();
        return next;
      }
      case DATA:
        return this.#readData(chunk, at);
      case WHOLE:
        return this.#readWhole(chunk, at);
      case SKIP:
        return this.#skip(chunk, at);
      case PAD_LENGTH:
        this.#beginData(1, chunk[at] ?? 0);
        return at + 1;
      default:
        return this.#readPreface(chunk, at);
    }
  }

  #readPreface(chunk: Uint8Array, at: number): number {
    if (chunk[at] !== CLIENT_PREFACE[this.#prefaceBytes]) throw protocolError("not the preface of an HTTP/2 client");
    this.#prefaceBytes += 1;
    if (this.#prefaceBytes === CLIENT_PREFACE.length) this.#state = HEAD;
    return at + 1;
  }

  /** The head of a frame is there. */
  #begin(): void {
    const { type, flags, length, streamId } = this.#head;
    if (length > this.#maxFrameBytes) {
      throw new Http2Error(ERROR_CODE.frameSizeError, `a frame of ${length} bytes; ${this.#maxFrameBytes} are allowed`);
    }
    const isContinuation = type === FRAME_TYPE.continuation;
    if (this.#block.streamId !== (isContinuation ? streamId : 0)) {
      throw protocolError(isContinuation ? "CONTINUATION of no header block" : "a frame within a header block");
    }
    if (!this.#hasSettings && (type !== FRAME_TYPE.settings || this.#head.has(FRAME_FLAG.ack))) {
      throw protocolError("the first frame is not SETTINGS");
    }
    this.#hasSettings = true;
    checkFrameHead(type, flags, length, streamId);
    if (type === FRAME_TYPE.data) {
      if (this.#head.has(FRAME_FLAG.padded)) this.#state = PAD_LENGTH;
      else this.#beginData(0, 0);
    } else if (type > FRAME_TYPE.continuation || type === FRAME_TYPE.priority) this.#ignore();
    else {
      if (type === FRAME_TYPE.headers) this.#block.begin(streamId, this.#head.has(FRAME_FLAG.endStream), length);
      else if (isContinuation) this.#block.count(length);
      this.#missing = type === FRAME_TYPE.goaway ? Math.min(length, MOST_GOAWAY_BYTES) : length;
      this.#skipped = length - this.#missing;
      this.#state = WHOLE;
      if (length === 0) this.#complete(NONE, 0, 0);
    }
  }

  #readWhole(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#missing);
    this.#missing -= end - at;
    if (this.#missing === 0 && this.#held.length === 0) this.#complete(chunk, at, end);
    else {
      this.#held.add(chunk, at, end);
      if (this.#missing === 0) this.#complete(this.#held.bytes, 0, this.#held.length);
    }
    return end;
  }

  /** The payload `bytes[start, end)` of a frame is whole. */
  #complete(bytes: Uint8Array, start: number, end: number): void {
    const { type, flags, streamId } = this.#head;
    const block = this.#block;
    this.#state = this.#skipped > 0 ? SKIP : HEAD;
    if (block.streamId === 0) {
      readControlFrame(this.#sink, type, flags, streamId, bytes, start, end, this.#ofServer);
    } else if (block.add(type, flags, bytes, start, end)) {
      this.#sink.onHeaders(streamId, block.bytes, block.start, block.end, block.isLast);
      block.close();
    }
    this.#held.clear();
  }

  /** DATA has `before` bytes before what it carries, and `padding` behind it. */
  #beginData(before: number, padding: number): void {
    const { length, streamId } = this.#head;
    const dataBytes = length - before - padding;
    if (dataBytes < 0) throw protocolError("DATA with more padding than payload");
    this.#missing = dataBytes;
    this.#skipped = padding;
    this.#state = dataBytes > 0 ? DATA : this.#afterData;
    this.#sink.onDataHead(streamId, length, dataBytes);
    if (this.#state === HEAD) this.#endData();
  }

  #readData(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#missing);
    this.#missing -= end - at;
    if (this.#missing === 0) this.#state = this.#afterData;
    this.#sink.onData(this.#head.streamId, chunk, at, end);
    // The sink may have stopped the reader.
    if (this.#state === HEAD) this.#endData();
    return end;
  }

  get #afterData(): number {
    return this.#skipped > 0 ? SKIP : HEAD;
  }

  #endData(): void {
    this.#sink.onDataEnd(this.#head.streamId, this.#head.has(FRAME_FLAG.endStream));
  }

  #ignore(): void {
    const { type, length, streamId } = this.#head;
    this.#skipped = length;
    this.#state = length > 0 ? SKIP : HEAD;
    // A wrong length ends the stream alone (§6.3).
    if (type !== FRAME_TYPE.priority || length === 5) this.#sink.onIgnored(type, length);
    else this.#sink.onStreamError(streamId, ERROR_CODE.frameSizeError, `PRIORITY with ${length} bytes`);
  }

  #skip(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#skipped);
    this.#skipped -= end - at;
    if (this.#skipped > 0) return end;
    this.#state = HEAD;
    if (this.#head.type === FRAME_TYPE.data) this.#endData();
    return end;
  }
}

function protocolError(message: string): Http2Error {
  return new Http2Error(ERROR_CODE.protocolError, message);
}
