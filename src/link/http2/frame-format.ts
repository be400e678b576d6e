/*
 * A frame (RFC 9113 §4.1):
 *   3 bytes  length of the payload
 *   1        type
 *   1        flags
 *   4        one reserved bit, then the stream id; 0 is the connection
 *   …        payload
 */

/** Bytes before the payload of each frame. */
export const FRAME_HEAD_BYTES = 9;

/** Frame types (RFC 9113 §6). Frames of other types are ignored. */
export const FRAME_TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags; each means something only on the types that RFC 9113 §6 names. */
export const FRAME_FLAG = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Parameters of SETTINGS (RFC 9113 §6.5.2, RFC 8441 §3). A peer may send others, which are ignored. */
export const SETTING = {
  headerTableBytes: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowBytes: 4,
  maxFrameBytes: 5,
  maxHeaderListBytes: 6,
  enableConnectProtocol: 8,
} as const;

/** The bytes that a client sends before its first frame (RFC 9113 §3.4). */
export const CLIENT_PREFACE: Uint8Array = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The highest window and the highest stream id (RFC 9113 §5.1.1, §6.9.1). */
export const HIGHEST_31_BIT = 0x7fffffff;

/** The payload that every end accepts, and the highest that one may ask for (RFC 9113 §4.2). */
export const SMALLEST_MAX_FRAME_BYTES = 16_384;
export const LARGEST_MAX_FRAME_BYTES = 16_777_215;
