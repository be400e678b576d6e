import { fixed, type Limit, tunable } from "../core/limits.ts";

/** The bounds of the identity room. */
export const IDENTITY_LIMITS: Readonly<Record<"maxPeerIdChars" | "maxKeyFileBytes" | "certificateSeconds", Limit>> = {
  maxPeerIdChars: fixed(
    64,
    "count",
    "the longer spelling of an Ed25519 peer id has 62 characters; longer text is not decoded",
  ),
  maxKeyFileBytes: tunable(16_384, "bytes", "an Ed25519 key in PEM has 119 bytes; leaves room for comments around it"),
  certificateSeconds: tunable(
    10 * 365 * 86_400,
    "seconds",
    "peers compare keys and not dates; long enough that no running node meets the end of it",
  ),
};
