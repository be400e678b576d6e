/** What a peer does that costs this end something, and that is fine in moderation. The watch judges and may end the session. */
export interface SessionWatch {
  /** PING, which is answered (RFC 9113 §6.7). */
  pinged(): void;
  /** SETTINGS, which are acknowledged (§6.5). */
  changedSettings(): void;
  /** A DATA frame below `tinyFrameBytes` behind another such on one stream. */
  sentTiny(): void;
  /** An interim answer (1xx, §8.1). */
  sentInterim(): void;
  /** A header list beyond what was advertised. */
  sentLongList(): void;
  /** A stream that was reset by the peer, or by this end since the peer broke a rule: CVE-2023-44487, CVE-2025-8671. */
  wasReset(): void;
  /** A frame of no use: empty DATA, PRIORITY, an unknown type, something for a closed stream, a tiny WINDOW_UPDATE. */
  sentUseless(): void;
}
