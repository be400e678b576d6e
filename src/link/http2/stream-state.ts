import { ERROR_CODE } from "./error-code.ts";

/*
 * States of a stream (RFC 9113 §5.1), seen from one end. Push is refused by both ends, so nothing is ever reserved.
 *
 *              HEADERS, either way
 *     idle ────────────────────────► open
 *                                   │    │
 *                      we sent END  │    │  the peer sent END
 *                                   ▼    ▼
 *           half-closed (local)          half-closed (remote)
 *                                   │    │
 *              the peer sent END    │    │  we sent END
 *                                   ▼    ▼
 *                                   closed ◄── RST_STREAM either way, from any but idle
 */

/** Where a stream stands, in the words of RFC 9113 §5.1. */
export type StreamState = "idle" | "open" | "half-closed (local)" | "half-closed (remote)" | "closed";

/** What moves a stream on. An end is END_STREAM. */
export type StreamEvent = "begin" | "send end" | "receive end" | "reset";

const NEXT: Readonly<Record<StreamState, Readonly<Partial<Record<StreamEvent, StreamState>>>>> = {
  idle: { begin: "open" },
  open: { "send end": "half-closed (local)", "receive end": "half-closed (remote)", reset: "closed" },
  "half-closed (local)": { "receive end": "closed", reset: "closed" },
  "half-closed (remote)": { "send end": "closed", reset: "closed" },
  closed: {},
};

/** The state after `event`; undefined where `state` does not allow it. */
export function nextState(state: StreamState, event: StreamEvent): StreamState | undefined {
  return NEXT[state][event];
}

/** Whether this end may send HEADERS or DATA on the stream. */
export function maySend(state: StreamState): boolean {
  return state === "open" || state === "half-closed (remote)";
}

/** Frames of a peer that belong to one stream. HEADERS that begin a stream are none of these. */
export type StreamFrame = "DATA" | "HEADERS" | "RST_STREAM" | "WINDOW_UPDATE";

/** What a frame that the state does not allow ends, and with which code. */
export interface StateFault {
  readonly scope: "connection" | "stream";
  readonly code: number;
}

const IDLE: StateFault = { scope: "connection", code: ERROR_CODE.protocolError };
const HALF_CLOSED: StateFault = { scope: "stream", code: ERROR_CODE.streamClosed };
const CLOSED: StateFault = { scope: "connection", code: ERROR_CODE.streamClosed };

/**
 * Why a peer may not send `frame` on a stream in `state`; undefined where it may.
 *
 * On a closed stream DATA and HEADERS are a fault only if the peer itself has ended or reset the stream (`byPeer`): otherwise
 * it may have sent them before it learned that we reset it. They are then read and dropped.
 */
export function receiveFault(state: StreamState, frame: StreamFrame, byPeer: boolean): StateFault | undefined {
  if (state === "idle") return IDLE;
  const isLate = frame === "WINDOW_UPDATE" || frame === "RST_STREAM";
  if (isLate) return undefined;
  if (state === "half-closed (remote)") return HALF_CLOSED;
  return state === "closed" && byPeer ? CLOSED : undefined;
}
