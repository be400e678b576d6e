import { ERROR_CODE } from "./error-code.ts";
import {
  FRAME_FLAG,
  FRAME_TYPE,
  HIGHEST_31_BIT,
  LARGEST_MAX_FRAME_BYTES,
  SETTING,
  SMALLEST_MAX_FRAME_BYTES,
} from "./frame-format.ts";
import type { FrameSink } from "./frame-sink.ts";
import { Http2Error } from "./http2-error.ts";
import { readUint16, readUint31, readUint32 } from "./integers.ts";

/**
 * Reads RST_STREAM, SETTINGS, PING, GOAWAY and WINDOW_UPDATE (RFC 9113 §6.4 to §6.9) and calls `sink`. `bytes[start, end)` is
 * the payload, of a length that `checkFrameHead` allows. `ofServer` says that a server sent it. Throws Http2Error for a value
 * that ends the connection.
 */
export function readControlFrame(
  sink: FrameSink,
  type: number,
  flags: number,
  streamId: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  ofServer: boolean,
): void {
  if (type === FRAME_TYPE.windowUpdate) readWindowUpdate(sink, streamId, readUint31(bytes, start));
  else if (type === FRAME_TYPE.reset) sink.onReset(streamId, readUint32(bytes, start));
  else if (type === FRAME_TYPE.ping) sink.onPing(bytes.subarray(start, end), (flags & FRAME_FLAG.ack) !== 0);
  else if (type === FRAME_TYPE.goaway) {
    sink.onGoaway(readUint31(bytes, start), readUint32(bytes, start + 4), bytes.subarray(start + 8, end));
  } else if ((flags & FRAME_FLAG.ack) !== 0) sink.onSettingsAck();
  else readSettings(sink, bytes, start, end, ofServer);
}

/** Each parameter: 2 bytes id, 4 bytes value (§6.5.1). */
function readSettings(sink: FrameSink, bytes: Uint8Array, start: number, end: number, ofServer: boolean): void {
  for (let at = start; at < end; at += 6) {
    const id = readUint16(bytes, at);
    const value = readUint32(bytes, at + 2);
    checkSetting(id, value, ofServer);
    if (KNOWN_SETTINGS.has(id)) sink.onSetting(id, value);
  }
  sink.onSettingsEnd();
}

const KNOWN_SETTINGS: ReadonlySet<number> = new Set(Object.values(SETTING));

/** RFC 9113 §6.5.2, RFC 8441 §3. */
function checkSetting(id: number, value: number, ofServer: boolean): void {
  let code: number = ERROR_CODE.noError;
  if (id === SETTING.enablePush && value > (ofServer ? 0 : 1)) code = ERROR_CODE.protocolError;
  else if (id === SETTING.enableConnectProtocol && value > 1) code = ERROR_CODE.protocolError;
  else if (id === SETTING.initialWindowBytes && value > HIGHEST_31_BIT) code = ERROR_CODE.flowControlError;
  else if (id === SETTING.maxFrameBytes && (value < SMALLEST_MAX_FRAME_BYTES || value > LARGEST_MAX_FRAME_BYTES)) {
    code = ERROR_CODE.protocolError;
  }
  if (code !== ERROR_CODE.noError) throw new Http2Error(code, `SETTINGS with ${value} for parameter ${id}`);
}

/** An increment of 0 ends the stream, or the connection (§6.9). */
function readWindowUpdate(sink: FrameSink, streamId: number, increment: number): void {
  if (increment > 0) sink.onWindowUpdate(streamId, increment);
  else if (streamId > 0) sink.onStreamError(streamId, ERROR_CODE.protocolError, "WINDOW_UPDATE by 0");
  else throw new Http2Error(ERROR_CODE.protocolError, "WINDOW_UPDATE by 0");
}
