import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  maxPeerIdChars: [
    64,
    "count",
    "the longer spelling of an Ed25519 peer id has 62 characters; longer text is not decoded",
    "protocol",
  ],
  maxKeyFileBytes: [16_384, "bytes", "an Ed25519 key in PEM has 119 bytes; leaves room for comments around it"],
  certificateSeconds: [
    315_360_000,
    "seconds",
    "peers compare keys and not dates; long enough that no running node meets the end of it",
  ],
} as const;

/** The bounds of the identity room. */
export const IDENTITY_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
