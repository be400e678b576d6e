import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  maxConnections: [
    10_000,
    "count",
    "a busy crawler; each connection is two file descriptors and some kilobytes; when all are taken, idle ones give way",
  ],
  headTimeoutMs: [10_000, "ms", "time for a handshake or the head of a request; apps are near"],
  keepAliveTimeoutMs: [65_000, "ms", "browsers keep idle proxy connections for about a minute"],
  lingerMs: [2_000, "ms", "time for an app to read the last answer before the connection is reset"],
  maxHeadBytes: [32_768, "bytes", "twice what common servers take, so that cookies never fail here first"],
  maxFields: [1_000, "count", "header fields of one request; browsers send about twenty"],
  maxEarlyBytes: [
    65_536,
    "bytes",
    "what either side may send before somebody reads it, pipelined requests too; more waits in the kernel",
  ],
  maxInterimAnswers: [
    10_000,
    "count",
    "answers of 1xx before the final one; a server that says every 10 s that it still works takes a day for so many",
  ],
  maxInterimBytes: [4_194_304, "bytes", "All of these together; an early hint has one or two KiB."],
  watchedBytes: [1_024, "bytes", "what an app has sent early, from which on the memory budget knows of it"],
  maxIdleUpstreams: [4, "count", "streams kept for the next request of one client connection"],
  idleUpstreamMs: [
    15_000,
    "ms",
    "for requests that may be repeated; servers close after 5 s (Apache, Node) to 75 s (nginx), and say so",
  ],
  freshUpstreamMs: [
    500,
    "ms",
    "a request that must not be repeated takes a kept stream only so soon after the last answer, unless the target said how long it waits: beyond that the target may be closing it",
  ],
  hintMarginMs: [
    1_000,
    "ms",
    "of the time that a target says it waits, this much goes for the way there and back; more where its answer took longer",
  ],
  halfCloseMs: [
    1_000,
    "ms",
    "a program that half-closes does so right behind its request; one that leaves later has lost patience",
  ],
  halfClosedLookMs: [5_000, "ms", "how often a half-closed app is asked whether it is still there"],
  usedDays: [4, "count", "Days whose bytes are kept for each user, for a clock that is set back."],
  maxAssociations: [256, "count", "open UDP associations; each is a socket"],
  maxFlowsPerAssociation: [
    256,
    "count",
    "targets of one association, for each port of the app; the least used one makes room",
  ],
  flowIdleMs: [180_000, "ms", "RFC 4787 REQ-5 asks for two minutes at least"],
  failedFlowHoldMs: [1_000, "ms", "a target that failed is not tried again for each datagram"],
  maxPendingDatagrams: [32, "count", "datagrams that wait while a flow opens; UDP may lose the rest"],
  maxPendingDatagramBytes: [262_144, "bytes", "the same for all flows of an association together"],
  maxSendQueueBytes: [1_048_576, "bytes", "datagrams that wait for the local socket before they are dropped"],
  maxSendQueued: [1_024, "count", "the same in datagrams: each costs memory beside its bytes"],
  usageSampleMs: [1_000, "ms", "how often the bytes of users with a limit are counted while they move"],
  maxReportedIgnored: [16, "count", "parameters that `byway-ignored` names; no provider's form has more"],
  wrongPasswordBurst: [20, "count", "wrong passwords of one address at once: people mistype, programs retry"],
  wrongPasswordsPerSecond: [1, "per-second", "how fast they are forgiven: 86,400 a day"],
  guessWaitMs: [
    2_000,
    "ms",
    "the longest wait of a password behind an address that guesses; who shares the address can live with it",
  ],
  guessingAddresses: [4_096, "count", "addresses whose wrong passwords are remembered; about 100 bytes each"],
  nameAsks: [2, "count", "times that a program without a user name is refused; the first makes people set one"],
  nameAnswerMs: [1_000, "ms", "a program that has a name answers a 407 at once; Java took 0.2 s on a busy machine"],
  namelessMs: [600_000, "ms", "silence after which a program that had no name is asked again; it may have one now"],
  namedForMs: [3_600_000, "ms", "how long a program that sent a name is asked each time that it sends none"],
  askedPrograms: [1_024, "count", "hosts and programs whose answers are remembered; at most 400 bytes each"],
  mistakeReportMs: [
    60_000,
    "ms",
    "how often the log tells of one mistake in a user name; a crawler repeats it at once",
  ],
  reportedMistakes: [20, "count", "different mistakes that the log tells of in that time; people make a few"],
  maxReportedSteps: [32, "count", "steps of the funnel that a 503 tells; there are fewer constraints"],
} as const;

/** The bounds on what apps and strangers can make grow at the local proxy. */
export const INGRESS_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
