import { type Limit, tunable } from "../core/limits.ts";

/** The bounds on what apps and strangers can make grow at the local proxy. */
export const INGRESS_LIMITS: Readonly<
  Record<
    | "maxConnections"
    | "headTimeoutMs"
    | "keepAliveTimeoutMs"
    | "lingerMs"
    | "maxHeadBytes"
    | "maxFields"
    | "maxEarlyBytes"
    | "maxInterimAnswers"
    | "maxInterimBytes"
    | "watchedBytes"
    | "maxPendingDatagramBytes"
    | "maxIdleUpstreams"
    | "idleUpstreamMs"
    | "freshUpstreamMs"
    | "hintMarginMs"
    | "halfCloseMs"
    | "halfClosedLookMs"
    | "usedDays"
    | "maxAssociations"
    | "maxFlowsPerAssociation"
    | "flowIdleMs"
    | "failedFlowHoldMs"
    | "maxPendingDatagrams"
    | "maxSendQueueBytes"
    | "maxSendQueued"
    | "usageSampleMs"
    | "maxToldIgnored"
    | "maxToldSteps"
    | "wrongPasswordBurst"
    | "wrongPasswordsPerSecond"
    | "guessWaitMs"
    | "guessingAddresses"
    | "nameAsks"
    | "nameAnswerMs"
    | "namelessMs"
    | "namedForMs"
    | "askedPrograms"
    | "mistakeToldMs"
    | "toldMistakes",
    Limit
  >
> = {
  maxConnections: tunable(
    10_000,
    "count",
    "a busy crawler; each connection is two file descriptors and some kilobytes; when all are taken, idle ones give way",
  ),
  headTimeoutMs: tunable(10_000, "ms", "time for a handshake or the head of a request; apps are near"),
  keepAliveTimeoutMs: tunable(65_000, "ms", "browsers keep idle proxy connections for about a minute"),
  lingerMs: tunable(2_000, "ms", "time for an app to read the last answer before the connection is reset"),
  maxHeadBytes: tunable(32_768, "bytes", "twice what common servers take, so that cookies never fail here first"),
  maxFields: tunable(1_000, "count", "header fields of one request; browsers send about twenty"),
  maxEarlyBytes: tunable(
    65_536,
    "bytes",
    "what either side may send before somebody reads it, pipelined requests too; more waits in the kernel",
  ),
  maxInterimAnswers: tunable(
    10_000,
    "count",
    "answers of 1xx before the final one; a server that says every 10 s that it still works takes a day for so many",
  ),
  maxInterimBytes: tunable(4 * 1024 * 1024, "bytes", "All of these together; an early hint has one or two KiB."),
  watchedBytes: tunable(1_024, "bytes", "what an app has sent early, from which on the memory budget knows of it"),
  maxIdleUpstreams: tunable(4, "count", "streams kept for the next request of one client connection"),
  idleUpstreamMs: tunable(
    15_000,
    "ms",
    "for requests that may be repeated; servers close after 5 s (Apache, Node) to 75 s (nginx), and say so",
  ),
  freshUpstreamMs: tunable(
    500,
    "ms",
    "a request that must not be repeated takes a kept stream only so soon after the last answer, unless the target said how " +
      "long it waits: beyond that the target may be closing it",
  ),
  hintMarginMs: tunable(
    1_000,
    "ms",
    "of the time that a target says it waits, this much goes for the way there and back; more where its answer took longer",
  ),
  halfCloseMs: tunable(
    1_000,
    "ms",
    "a program that half-closes does so right behind its request; one that leaves later has lost patience",
  ),
  halfClosedLookMs: tunable(5_000, "ms", "how often a half-closed app is asked whether it is still there"),
  usedDays: tunable(4, "count", "Days whose bytes are kept for each user, for a clock that is set back."),
  maxAssociations: tunable(256, "count", "open UDP associations; each is a socket"),
  maxFlowsPerAssociation: tunable(
    256,
    "count",
    "targets of one association, for each port of the app; the least used one makes room",
  ),
  flowIdleMs: tunable(180_000, "ms", "RFC 4787 REQ-5 asks for two minutes at least"),
  failedFlowHoldMs: tunable(1_000, "ms", "a target that failed is not tried again for each datagram"),
  maxPendingDatagrams: tunable(32, "count", "datagrams that wait while a flow opens; UDP may lose the rest"),
  maxPendingDatagramBytes: tunable(262_144, "bytes", "the same for all flows of an association together"),
  maxSendQueueBytes: tunable(1_048_576, "bytes", "datagrams that wait for the local socket before they are dropped"),
  maxSendQueued: tunable(1_024, "count", "the same in datagrams: each costs memory beside its bytes"),
  usageSampleMs: tunable(1_000, "ms", "how often the bytes of users with a limit are counted while they move"),
  maxToldIgnored: tunable(16, "count", "parameters that `byway-ignored` names; no provider's form has more"),
  wrongPasswordBurst: tunable(20, "count", "wrong passwords of one address at once: people mistype, programs retry"),
  wrongPasswordsPerSecond: tunable(1, "per-second", "how fast they are forgiven: 86,400 a day"),
  guessWaitMs: tunable(
    2_000,
    "ms",
    "the longest wait of a password behind an address that guesses; who shares the address can live with it",
  ),
  guessingAddresses: tunable(4_096, "count", "addresses whose wrong passwords are remembered; about 100 bytes each"),
  nameAsks: tunable(2, "count", "times that a program without a user name is refused; the first makes people set one"),
  nameAnswerMs: tunable(
    1_000,
    "ms",
    "a program that has a name answers a 407 at once; Java took 0.2 s on a busy machine",
  ),
  namelessMs: tunable(
    600_000,
    "ms",
    "silence after which a program that had no name is asked again; it may have one now",
  ),
  namedForMs: tunable(3_600_000, "ms", "how long a program that sent a name is asked each time that it sends none"),
  askedPrograms: tunable(1_024, "count", "hosts and programs whose answers are remembered; at most 400 bytes each"),
  mistakeToldMs: tunable(
    60_000,
    "ms",
    "how often the log tells of one mistake in a user name; a crawler repeats it at once",
  ),
  toldMistakes: tunable(20, "count", "different mistakes that the log tells of in that time; people make a few"),
  maxToldSteps: tunable(32, "count", "steps of the funnel that a 503 tells; there are fewer constraints"),
};
