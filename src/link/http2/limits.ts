import { type Limits, limitsOf } from "../../core/limits.ts";

const LIMITS = {
  slabBytes: [8_192, "bytes", "Memory for the heads of frames and for small ones, taken anew when it is full."],
  copiedBytes: [1_024, "bytes", "DATA up to this is copied behind its head: a piece of its own costs more."],
  writeAheadBytes: [
    262_144,
    "bytes",
    "What the connection is given before it has taken what it has; a control frame waits behind no more than this.",
  ],
  sentFrameBytes: [
    65_536,
    "bytes",
    "The largest DATA frame that is sent, where the peer takes such; streams take turns by frames.",
  ],
  sentFieldBytes: [
    16_000,
    "bytes",
    "The longest header list that is sent, as RFC 9113 §6.5.2 counts it; fits one frame.",
  ],
  waitingControlBytes: [
    262_144,
    "bytes",
    "Control frames of ours that the peer does not take, beyond which nothing is read: most of them are answers.",
  ],
  closedStreams: [256, "count", "Closed streams of which it is remembered that the peer had ended them."],
  ownPings: [16, "count", "Pings of ours that wait for answers at once."],
  initialWindowBytes: [65_535, "bytes", "RFC 9113 §6.9.2: every window before anybody has changed it.", "protocol"],
} as const;

/** Bounds of HTTP/2 sessions; what both ends of a link agree on stands in `LINK_LIMITS`. */
export const HTTP2_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
