import {
  constants,
  type Http2Session,
  performServerHandshake,
  type ServerHttp2Session,
  type SessionOptions,
  type Settings,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import { LINK_LIMITS } from "./limits.ts";

/** HTTP/2 settings (RFC 9113 §6.5.2) of an end that takes up to `streamWindowBytes` ahead on each stream. */
export function linkSettings(streamWindowBytes: number): Settings {
  return {
    enablePush: false,
    initialWindowSize: streamWindowBytes,
    maxConcurrentStreams: LINK_LIMITS.streamsPerLink.value,
  };
}

/** Options of Node's HTTP/2 sessions at both ends. */
export const SESSION_OPTIONS: SessionOptions & { streamResetBurst: number; streamResetRate: number } = {
  maxSessionMemory: LINK_LIMITS.sessionMemoryMb.value,
  maxHeaderListPairs: LINK_LIMITS.headerPairs.value,
  peerMaxConcurrentStreams: LINK_LIMITS.streamsPerLink.value,
  streamResetBurst: LINK_LIMITS.resetBurst.value,
  streamResetRate: LINK_LIMITS.resetsPerSecond.value,
};

/** Begins the server end of a session on `socket`. */
export function serveSession(socket: TLSSocket): ServerHttp2Session {
  return performServerHandshake(socket, {
    ...SESSION_OPTIONS,
    settings: {
      ...linkSettings(LINK_LIMITS.streamWindowBytes.value),
      enableConnectProtocol: true,
      // Node itself resets what is longer, once the peer has acknowledged it.
      maxHeaderListSize: LINK_LIMITS.headerListBytes.value,
    },
  });
}

/**
 * Ends a session and resets its streams, which fail with `reason`. Without a code Node would end them cleanly, and tell the far
 * side that all is well.
 */
export function cutSession(session: Http2Session, reason: Error, code: number = constants.NGHTTP2_CANCEL): void {
  session.destroy(reason, code);
}

/** Opens the receive window of the whole link, which the settings frame cannot do (RFC 9113 §6.9.2). */
export function widenLink(session: Http2Session): void {
  session.setLocalWindowSize(LINK_LIMITS.linkWindowBytes.value);
}
