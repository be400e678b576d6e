import { type Limit, tunable } from "../core/limits.ts";

type LimitName =
  | "maxTargetSockets"
  | "maxHopSockets"
  | "maxUdpFlows"
  | "maxPendingLookups"
  | "connectTimeoutMs"
  | "attemptDelayMs"
  | "maxAttempts"
  | "lookupTimeoutMs"
  | "secondFamilyWaitMs"
  | "maxAnswers"
  | "maxCachedNames"
  | "maxCacheTtlSeconds"
  | "udpIdleMs"
  | "maxUdpQueueBytes"
  | "localAddressesAgeMs";

/** Every bound and time-out of the exit. */
export const EGRESS_LIMITS: Readonly<Record<LimitName, Limit>> = {
  maxTargetSockets: tunable(4096, "count", "each costs a file descriptor and kernel buffers"),
  maxHopSockets: tunable(1024, "count", "a relay must not be used up by those who only connect onward"),
  maxUdpFlows: tunable(1024, "count", "each costs a file descriptor and a port for at least two minutes"),
  maxPendingLookups: tunable(256, "count", "each costs a socket and can be made slow by the name's owner"),
  connectTimeoutMs: tunable(10_000, "ms", "three SYNs (1 s, 2 s, 4 s apart) and then some; a client waits behind it"),
  attemptDelayMs: tunable(250, "ms", "RFC 8305 section 5 recommends it"),
  maxAttempts: tunable(8, "count", "a name with many addresses must not make the exit a port scanner"),
  lookupTimeoutMs: tunable(6000, "ms", "two tries of 2 s and 4 s"),
  secondFamilyWaitMs: tunable(
    250,
    "ms",
    "RFC 8305 section 3 says 50 ms; longer, as the guard should see every answer that is coming",
  ),
  maxAnswers: tunable(64, "count", "no honest name has more; those beyond are never dialled"),
  maxCachedNames: tunable(4096, "count", "about 1 MiB"),
  maxCacheTtlSeconds: tunable(300, "seconds", "long enough for one page, too short to show who went where yesterday"),
  udpIdleMs: tunable(120_000, "ms", "RFC 9298 section 3.1 and RFC 4787 REQ-5: not less than two minutes"),
  maxUdpQueueBytes: tunable(1_048_576, "bytes", "what the kernel will not take at once is dropped beyond this"),
  localAddressesAgeMs: tunable(60_000, "ms", "addresses of a machine change seldom; reading them costs a system call"),
};
