import type { Http2Session, SessionOptions, Settings } from "node:http2";
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

/** Opens the receive window of the whole link, which the settings frame cannot do (RFC 9113 §6.9.2). */
export function widenLink(session: Http2Session): void {
  session.setLocalWindowSize(LINK_LIMITS.linkWindowBytes.value);
}
