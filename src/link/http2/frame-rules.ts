import { LINK_LIMITS } from "../limits.ts";
import { ERROR_CODE } from "./error-code.ts";
import { FRAME_FLAG, FRAME_TYPE } from "./frame-format.ts";
import { Http2Error } from "./http2-error.ts";

/** What RFC 9113 §6 demands of a frame of one type. */
interface FrameRule {
  readonly name: string;
  /** Whether it belongs to a stream, or to the connection as a whole (stream id 0). */
  readonly on: "stream" | "connection" | "both";
  readonly leastBytes: number;
  /** Beyond it FRAME_SIZE_ERROR. */
  readonly mostBytes: number;
}

const ANY = Number.POSITIVE_INFINITY;

/** By frame type. PRIORITY's size is no matter of the connection (§6.3), and `FrameReader` looks at it. */
const RULES: readonly FrameRule[] = [
  { name: "DATA", on: "stream", leastBytes: 0, mostBytes: ANY },
  { name: "HEADERS", on: "stream", leastBytes: 0, mostBytes: ANY },
  { name: "PRIORITY", on: "stream", leastBytes: 0, mostBytes: ANY },
  { name: "RST_STREAM", on: "stream", leastBytes: 4, mostBytes: 4 },
  { name: "SETTINGS", on: "connection", leastBytes: 0, mostBytes: ANY },
  { name: "PUSH_PROMISE", on: "stream", leastBytes: 4, mostBytes: ANY },
  { name: "PING", on: "connection", leastBytes: 8, mostBytes: 8 },
  { name: "GOAWAY", on: "connection", leastBytes: 8, mostBytes: ANY },
  { name: "WINDOW_UPDATE", on: "both", leastBytes: 4, mostBytes: 4 },
  { name: "CONTINUATION", on: "stream", leastBytes: 0, mostBytes: ANY },
];

/**
 * Throws Http2Error (scope connection) for what the head of a frame shows to be wrong by itself: stream id, length, a frame that
 * nobody may send to us. Frames of unknown type pass.
 */
export function checkFrameHead(type: number, flags: number, length: number, streamId: number): void {
  const rule = RULES[type];
  if (rule === undefined) return;
  const { name, on, leastBytes, mostBytes } = rule;
  if (streamId === 0 ? on === "stream" : on === "connection") {
    throw new Http2Error(ERROR_CODE.protocolError, `${name} on stream ${streamId}`);
  }
  const least = type === FRAME_TYPE.data || type === FRAME_TYPE.headers ? fieldBytes(type, flags) : leastBytes;
  if (length < least || length > mostBytes) {
    throw new Http2Error(ERROR_CODE.frameSizeError, `${name} with ${length} bytes`);
  }
  if (type === FRAME_TYPE.settings) checkSettingsLength(flags, length);
  // We send ENABLE_PUSH 0 as a client, and a client never pushes (§6.6, §8.4).
  if (type === FRAME_TYPE.pushPromise)
    throw new Http2Error(ERROR_CODE.protocolError, "PUSH_PROMISE, which is not enabled");
}

/** How many bytes of DATA or HEADERS stand before what it carries: the length of its padding, and the priority (§6.1, §6.2). */
export function fieldBytes(type: number, flags: number): number {
  const padding = (flags & FRAME_FLAG.padded) === 0 ? 0 : 1;
  return type === FRAME_TYPE.headers && (flags & FRAME_FLAG.priority) !== 0 ? padding + 5 : padding;
}

/** A parameter takes six bytes; an acknowledgement has none (§6.5). */
function checkSettingsLength(flags: number, length: number): void {
  const isAck = (flags & FRAME_FLAG.ack) !== 0;
  if (length % 6 !== 0 || (isAck && length > 0)) {
    throw new Http2Error(ERROR_CODE.frameSizeError, `SETTINGS with ${length} bytes`);
  }
  if (length > 6 * LINK_LIMITS.settingsOfFrame.value) {
    throw new Http2Error(ERROR_CODE.enhanceYourCalm, `SETTINGS with ${length / 6} parameters`);
  }
}
