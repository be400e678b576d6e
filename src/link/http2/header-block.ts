import { LINK_LIMITS } from "../limits.ts";
import { ERROR_CODE } from "./error-code.ts";
import { FRAME_FLAG, FRAME_TYPE } from "./frame-format.ts";
import { fieldBytes } from "./frame-rules.ts";
import { HeldBytes } from "./held-bytes.ts";
import { Http2Error } from "./http2-error.ts";

const MOST_BYTES = LINK_LIMITS.headerBlockBytes.value;
const MOST_FRAMES = LINK_LIMITS.headerBlockFrames.value;
const NONE = new Uint8Array(0);

/**
 * A header block that HEADERS begins and CONTINUATION continues (RFC 9113 §4.3, §6.10). Frames and bytes are few, since each is
 * kept until the last has come (CVE-2024-27316).
 */
export class HeaderBlock {
  /** The stream whose block is open; 0 for none. */
  streamId = 0;
  /** Whether HEADERS had END_STREAM. */
  isLast = false;
  /** The block is `bytes[start, end)` once it is whole: memory of the frame if it had only one. */
  bytes: Uint8Array = NONE;
  start = 0;
  end = 0;
  readonly #held = new HeldBytes();
  #frames = 0;
  /** Of all payloads, padding included. */
  #payloadBytes = 0;

  /** Bytes of memory that it keeps. */
  get heldBytes(): number {
    return this.#held.bytes.length;
  }

  /** HEADERS comes, with so many bytes of payload. Throws Http2Error (scope connection). */
  begin(streamId: number, isLast: boolean, payloadBytes: number): void {
    this.streamId = streamId;
    this.isLast = isLast;
    this.#frames = this.#payloadBytes = 0;
    this.count(payloadBytes);
  }

  /** One more frame of the block comes, with so many bytes of payload. Throws Http2Error (scope connection). */
  count(payloadBytes: number): void {
    this.#frames += 1;
    this.#payloadBytes += payloadBytes;
    if (this.#frames > MOST_FRAMES) {
      throw new Http2Error(ERROR_CODE.enhanceYourCalm, `a header block has more than ${MOST_FRAMES} frames`);
    }
    if (this.#payloadBytes > MOST_BYTES) {
      throw new Http2Error(ERROR_CODE.enhanceYourCalm, `a header block has more than ${MOST_BYTES} bytes`);
    }
  }

  /** The payload `bytes[start, end)` of such a frame is there. Returns whether the block is whole. Throws Http2Error. */
  add(type: number, flags: number, bytes: Uint8Array, start: number, end: number): boolean {
    const before = type === FRAME_TYPE.headers ? fieldBytes(type, flags) : 0;
    const isPadded = type === FRAME_TYPE.headers && (flags & FRAME_FLAG.padded) !== 0;
    const from = start + before;
    const to = end - (isPadded ? (bytes[start] ?? 0) : 0);
    if (from > to) throw new Http2Error(ERROR_CODE.protocolError, "HEADERS with more padding than payload");
    const isWhole = (flags & FRAME_FLAG.endHeaders) !== 0;
    if (isWhole && type === FRAME_TYPE.headers) {
      this.bytes = bytes;
      this.start = from;
      this.end = to;
      return true;
    }
    this.#held.add(bytes, from, to);
    this.bytes = this.#held.bytes;
    this.start = 0;
    this.end = this.#held.length;
    return isWhole;
  }

  /** Closes the block. What is kept of it is forgotten. */
  close(): void {
    this.streamId = 0;
    this.bytes = NONE;
    this.#held.clear();
  }
}
