import { BywayError } from "../core/errors.ts";
import { WIRE_LIMITS } from "./limits.ts";
import { decodeVarint, type Varint, varintLength, writeVarint } from "./varint.ts";

/** One capsule (RFC 9297 §3.2). `payload` may be a view of the chunk that it came in. */
export interface Capsule {
  readonly type: Varint;
  readonly payload: Uint8Array;
}

/** The type of a capsule that holds an HTTP datagram (RFC 9297 §3.5). */
export const DATAGRAM_CAPSULE = 0;

/*
 * bytes          meaning
 * 1, 2, 4 or 8   type (varint.ts)
 * 1, 2, 4 or 8   length of the payload
 * length         payload
 */
const MAX_HEADER_BYTES = 16;

/** Writes one capsule. */
export function encodeCapsule(type: Varint, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(varintLength(type) + varintLength(payload.length) + payload.length);
  bytes.set(payload, writeVarint(bytes, payload.length, writeVarint(bytes, type, 0)));
  return bytes;
}

/**
 * Takes capsules out of a byte stream that arrives in pieces of any size; holds at most one unfinished capsule.
 *
 *     header ──(short enough)──► payload ──(complete)──► header
 *        └─────(too long, not a DATAGRAM)──► skip ──────────┘
 */
export class CapsuleReader {
  readonly #header: Uint8Array = new Uint8Array(MAX_HEADER_BYTES);
  #headerLength = 0;
  #type: Varint = 0;
  /** Room for the part of a payload that has come; it grows with that, as a length alone costs its sender nothing. */
  #payload: Uint8Array | undefined;
  #payloadLength = 0;
  #wholeLength = 0;
  #skip = 0;
  #error: BywayError | undefined;

  /** Bytes of memory in an unfinished payload. */
  get heldBytes(): number {
    return this.#payload?.length ?? 0;
  }

  /** Whether the stream, if it ended now, would end in the middle of a capsule (malformed, RFC 9297 §3.3). */
  get incomplete(): boolean {
    return this.#headerLength > 0 || this.#payload !== undefined || this.#skip > 0;
  }

  /**
   * The capsules that `chunk` completes. A longer payload than 65,543 bytes is passed over, unless it is a DATAGRAM:
   * then this call and every later one throws ERR_REQUEST_MALFORMED.
   */
  push(chunk: Uint8Array): Capsule[] {
    if (this.#error !== undefined) throw this.#error;
    const capsules: Capsule[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
      } else if (this.#payload !== undefined) {
        at = this.#takePayload(this.#payload, chunk, at, capsules);
      } else {
        at = this.#takeHeader(chunk, at, capsules);
      }
    }
    return capsules;
  }

  #takeHeader(chunk: Uint8Array, at: number, capsules: Capsule[]): number {
    const before = this.#headerLength;
    const piece = chunk.subarray(at, at + MAX_HEADER_BYTES - before);
    this.#header.set(piece, before);
    const known = this.#header.subarray(0, before + piece.length);
    const type = decodeVarint(known);
    const length = type === undefined ? undefined : decodeVarint(known, type.length);
    if (type === undefined || length === undefined) {
      this.#headerLength = known.length;
      return at + piece.length;
    }
    this.#headerLength = 0;
    const start = at + type.length + length.length - before;
    if (length.value > WIRE_LIMITS.maxCapsuleBytes.value) {
      if (type.value === DATAGRAM_CAPSULE) throw this.#fail(`a datagram of ${length.value} bytes was announced`);
      this.#skip = Number(length.value);
      return start;
    }
    const end = start + Number(length.value);
    if (end <= chunk.length) {
      capsules.push({ type: type.value, payload: chunk.subarray(start, end) });
      return end;
    }
    this.#type = type.value;
    this.#payload = new Uint8Array(0);
    this.#payloadLength = 0;
    this.#wholeLength = Number(length.value);
    return start;
  }

  #takePayload(payload: Uint8Array, chunk: Uint8Array, at: number, capsules: Capsule[]): number {
    const piece = chunk.subarray(at, at + this.#wholeLength - this.#payloadLength);
    const room = roomFor(payload, this.#payloadLength, this.#payloadLength + piece.length, this.#wholeLength);
    room.set(piece, this.#payloadLength);
    this.#payloadLength += piece.length;
    this.#payload = room;
    if (this.#payloadLength === this.#wholeLength) {
      this.#payload = undefined;
      capsules.push({ type: this.#type, payload: room.subarray(0, this.#wholeLength) });
    }
    return at + piece.length;
  }

  #fail(what: string): BywayError {
    this.#error = new BywayError("ERR_REQUEST_MALFORMED", what);
    return this.#error;
  }
}

/** `room` with its first `used` bytes, or a larger one, doubled up to `most`, if `needed` do not fit. */
function roomFor(room: Uint8Array, used: number, needed: number, most: number): Uint8Array {
  if (needed <= room.length) return room;
  const larger = new Uint8Array(Math.min(most, 2 * needed));
  larger.set(room.subarray(0, used));
  return larger;
}
