/**
 * What `FrameReader` calls for each frame, in the order of the wire. Syntax was checked: lengths, padding, values and
 * stream ids that RFC 9113 §6 forbids for a frame by itself. States of streams, windows and rates are the sink's part.
 *
 * A method may throw Http2Error: `push` then throws it and reads nothing more. `bytes` is the chunk that was pushed, or memory
 * of the reader; the sink may read it until it returns, and copies what it keeps.
 */
export interface FrameSink {
  /**
   * DATA begins. `flowBytes` is its whole payload with padding, which is what counts for both windows (§6.9.1); of these
   * `dataBytes` reach `onData`. Called once a frame, before its bytes have come.
   */
  onDataHead(streamId: number, flowBytes: number, dataBytes: number): void;
  /** Some bytes of the DATA frame, `bytes[start, end)`, at least one. Not called for an empty frame. */
  onData(streamId: number, bytes: Uint8Array, start: number, end: number): void;
  /** The DATA frame is over, padding included. `isLast` is END_STREAM. */
  onDataEnd(streamId: number, isLast: boolean): void;
  /**
   * A whole header block `bytes[start, end)`, CONTINUATION joined. The sink must have it decoded even when it wants none of
   * it: the decoder's table changes with each (§4.3).
   */
  onHeaders(streamId: number, bytes: Uint8Array, start: number, end: number, isLast: boolean): void;
  onReset(streamId: number, code: number): void;
  /** One parameter of SETTINGS, valid (§6.5.2); unknown ones are left out. Settings take effect in this order. */
  onSetting(id: number, value: number): void;
  /** All parameters of one SETTINGS frame were given: acknowledge it. */
  onSettingsEnd(): void;
  onSettingsAck(): void;
  /** `payload` has 8 bytes. */
  onPing(payload: Uint8Array, isAck: boolean): void;
  /** `debug` has the first bytes of the peer's text, at most `goawayDebugBytes`: a stranger's. */
  onGoaway(lastStreamId: number, code: number, debug: Uint8Array): void;
  /** `increment` is 1 to 2^31 - 1. `streamId` 0 is the connection. */
  onWindowUpdate(streamId: number, increment: number): void;
  /** A frame that does nothing: PRIORITY or one of unknown type. It begins; its payload is skipped. */
  onIgnored(type: number, payloadBytes: number): void;
  /** A frame broke a rule that ends its stream alone (§5.4.2). What follows is read on. */
  onStreamError(streamId: number, code: number, message: string): void;
}
