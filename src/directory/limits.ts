import { fixed, type Limit, tunable } from "../core/limits.ts";

/** Bounds of the directory room. */
export const DIRECTORY_LIMITS: Readonly<
  Record<
    | "lifetimeSeconds"
    | "clockSkewSeconds"
    | "renewMs"
    | "peerFileBytes"
    | "peerFileEntries"
    | "rereadMs"
    | "envelopeBytes",
    Limit
  >
> = {
  lifetimeSeconds: fixed(7_200, "seconds", "protocol.md §6.3: an advertisement lives two hours at the most."),
  clockSkewSeconds: fixed(300, "seconds", "Home computers are wrong by minutes; an hour must be told as an error."),
  renewMs: tunable(900_000, "ms", "Signed again every 15 minutes, so that one lost renewal harms nobody."),
  envelopeBytes: fixed(1_280, "bytes", "A payload of 1 KiB with key, type and signature."),
  peerFileBytes: tunable(1024 * 1024, "bytes", "A peers file is read whole into memory."),
  peerFileEntries: tunable(1_000, "count", "Advertisements taken from one peers file."),
  rereadMs: tunable(30_000, "ms", "How often peers files are looked at for a change."),
};
