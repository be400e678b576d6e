/** From when on an operator is told of something. */
export const HEALTH_THRESHOLDS = {
  /** How often the machine and the load are looked at: four short reads. */
  lookEveryMs: 60_000,
  /** Peers look at a new node within minutes; if none did for so long, nobody may know it. */
  uncheckedAfterMs: 900_000,
  /** A full line for some minutes is a download; for half an hour it is too small. */
  busyAfterMs: 1_800_000,
  /** The load from which on clients avoid a node. */
  busyLoad: 0.9,
  /** Fewer refusals by one rule say nothing of it: one app that tries again makes hundreds. */
  refusals: 1_000,
  /** Of all that was asked for: a rule that refuses more may not be what was meant. */
  refusalsShare: 0.5,
  /** Next hops named in vain within an hour: honest clients meet a few that are down, and the bound of a node is 7,200. */
  failedProofs: 600,
  /** Of a blocklist's lines: with more that cannot be read, its form is another one. */
  unreadShare: 0.1,
  /** Descriptors beside one for each stream: links, files, the directory, DNS. */
  spareDescriptors: 256,
  /** 256 MiB: the store, the log and the lists write some MiB at a time. */
  freeDiskBytes: 268_435_456,
  /** 2026-11-01: Byway is younger than this, so a clock that shows an earlier time is off. */
  earliestMs: 1_793_491_200_000,
} as const;
