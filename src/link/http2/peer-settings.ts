import { LINK_LIMITS } from "../limits.ts";
import { HTTP2_LIMITS } from "./limits.ts";

/** What a peer's SETTINGS say (RFC 9113 §6.5.2, RFC 8441 §3), as far as a session goes by it. */
export interface PeerSettings {
  initialWindowBytes: number;
  /** How many streams this end may have open. */
  maxConcurrentStreams: number;
  /** Whether extended CONNECT is understood. */
  enableConnectProtocol: boolean;
}

/** What holds before the peer's SETTINGS come. */
export function initialPeerSettings(): PeerSettings {
  return {
    initialWindowBytes: HTTP2_LIMITS.initialWindowBytes.value,
    maxConcurrentStreams: LINK_LIMITS.streamsPerLink.value,
    enableConnectProtocol: false,
  };
}
