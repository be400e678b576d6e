import { FRAME_FLAG, FRAME_HEAD_BYTES, FRAME_TYPE } from "./frame-format.ts";
import { writeUint32 } from "./integers.ts";

/*
 * Frames, written into memory that the caller owns. Each function writes at `at`, and returns the offset after what it wrote.
 * Where there is too little room, bytes are lost: the caller makes room for the size that is named at each.
 */

/** Nine bytes before a payload of `length` bytes (RFC 9113 §4.1). */
export function writeFrameHead(
  target: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  return writeUint32(target, at + 5, streamId);
}

/** RST_STREAM (§6.4): 13 bytes. */
export function writeReset(target: Uint8Array, at: number, streamId: number, code: number): number {
  return writeUint32(target, writeFrameHead(target, at, 4, FRAME_TYPE.reset, 0, streamId), code);
}

/** SETTINGS (§6.5): 9 bytes, and 6 for each of `settings`, which are pairs of parameter and value. */
export function writeSettings(
  target: Uint8Array,
  at: number,
  settings: readonly (readonly [id: number, value: number])[],
): number {
  let next = writeFrameHead(target, at, 6 * settings.length, FRAME_TYPE.settings, 0, 0);
  for (const [id, value] of settings) {
    target[next] = id >>> 8;
    target[next + 1] = id;
    next = writeUint32(target, next + 2, value);
  }
  return next;
}

/** The acknowledgement of SETTINGS (§6.5.3): 9 bytes. */
export function writeSettingsAck(target: Uint8Array, at: number): number {
  return writeFrameHead(target, at, 0, FRAME_TYPE.settings, FRAME_FLAG.ack, 0);
}

/** PING (§6.7): 17 bytes. `payload` has 8. */
export function writePing(target: Uint8Array, at: number, payload: Uint8Array, isAck: boolean): number {
  const next = writeFrameHead(target, at, 8, FRAME_TYPE.ping, isAck ? FRAME_FLAG.ack : 0, 0);
  target.set(payload, next);
  return next + 8;
}

/** GOAWAY (§6.8) without debug data: 17 bytes. */
export function writeGoaway(target: Uint8Array, at: number, lastStreamId: number, code: number): number {
  const next = writeFrameHead(target, at, 8, FRAME_TYPE.goaway, 0, 0);
  return writeUint32(target, writeUint32(target, next, lastStreamId), code);
}

/** WINDOW_UPDATE (§6.9): 13 bytes. `increment` is 1 to 2^31 - 1. */
export function writeWindowUpdate(target: Uint8Array, at: number, streamId: number, increment: number): number {
  return writeUint32(target, writeFrameHead(target, at, 4, FRAME_TYPE.windowUpdate, 0, streamId), increment);
}

/**
 * The head of a HEADERS frame (§6.2) whose block was encoded to `target[at + 9, end)`, at most 16,384 bytes; returns `end`.
 */
export function writeHeadersHead(
  target: Uint8Array,
  at: number,
  end: number,
  streamId: number,
  isLast: boolean,
): number {
  const flags = FRAME_FLAG.endHeaders | (isLast ? FRAME_FLAG.endStream : 0);
  writeFrameHead(target, at, end - at - FRAME_HEAD_BYTES, FRAME_TYPE.headers, flags, streamId);
  return end;
}

/** The head of a DATA frame (§6.1) with `length` bytes, which follow it: 9 bytes. */
export function writeDataHead(
  target: Uint8Array,
  at: number,
  length: number,
  streamId: number,
  isLast: boolean,
): number {
  return writeFrameHead(target, at, length, FRAME_TYPE.data, isLast ? FRAME_FLAG.endStream : 0, streamId);
}
