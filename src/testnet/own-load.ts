import type { StreamLimitOptions } from "../egress/stream-limits.ts";

/** For nodes whose only client is their owner, who may load them as much as the machine bears. */
export const OWN_LOAD: StreamLimitOptions = {
  maxStreams: 1_000_000,
  streamsPerSecond: 1_000_000,
  linkStreams: 1_000_000,
  linkStreamsPerSecond: 1_000_000,
  linkTargetsPerMinute: 100_000,
  targetStreams: 1_000_000,
  targetStreamsPerSecond: 1_000_000,
};
