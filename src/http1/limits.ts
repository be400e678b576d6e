import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  maxAnswerHeadBytes: [
    262_144,
    "bytes",
    "the head or the trailers of a target's answer; curl takes 300 KiB of fields, and some sites set 100 KiB of cookies",
  ],
  maxAnswerLines: [
    6_000,
    "count",
    "Lines of these. Each costs time and memory beyond its bytes; curl takes 5,000 fields, and no site sends hundreds.",
  ],
  maxChunkLineBytes: [16_384, "bytes", "the size of a chunk with its extensions, of which nobody sends more"],
  maxEmptyLines: [16, "count", "empty lines before a message, which old clients send behind a body"],
} as const;

/** The bounds on what a sender of HTTP/1 messages can make grow. */
export const HTTP1_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
