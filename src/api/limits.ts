import { type Limit, tunable } from "../core/limits.ts";

/** The bounds of the control room. */
export const API_LIMITS: Readonly<
  Record<
    | "loggedRequests"
    | "loggedTextCharacters"
    | "loggedWordCharacters"
    | "loggedAttempts"
    | "loggedStages"
    | "loggedCandidates"
    | "loggedFunnelSteps"
    | "controlConnections"
    | "controlHeadBytes"
    | "controlAnswerBytes"
    | "controlRequestMs"
    | "controlPathBytes"
    | "controlLockMs"
    | "controlSlowMs"
    | "metricsConnections",
    Limit
  >
> = {
  loggedRequests: tunable(
    1_000,
    "count",
    "The latest requests that can be asked about: 6 MB with all their explanations.",
  ),
  loggedTextCharacters: tunable(
    256,
    "count",
    "Of each text of a request that is kept. A name of a host has 253; users and nodes write the others.",
  ),
  loggedWordCharacters: tunable(64, "count", "Of each text of an explanation, which has dozens: cities, constraints."),
  loggedAttempts: tunable(16, "count", "Attempts of a request that are kept; more are counted."),
  loggedStages: tunable(64, "count", "Stages of a request: five hops, each tried some times."),
  loggedCandidates: tunable(16, "count", "Candidates of an explanation, as many as one shows."),
  loggedFunnelSteps: tunable(32, "count", "Steps of a funnel: one for each key of the constraints, and some more."),
  controlConnections: tunable(16, "count", "A few commands and a page at once; the socket is its owner's alone."),
  controlHeadBytes: tunable(16_384, "bytes", "A request's head: constraints are longer than other addresses."),
  controlAnswerBytes: tunable(4_194_304, "bytes", "One answer; of a longer list the oldest are left out."),
  controlRequestMs: tunable(5_000, "ms", "One question and its answer, on one machine."),
  controlPathBytes: tunable(
    103,
    "bytes",
    "A socket's path: sun_path has 104 bytes on macOS, 108 on Linux, with the NUL.",
  ),
  controlLockMs: tunable(100, "ms", "A command that asks whether the lock is held holds it for less than that itself."),
  controlSlowMs: tunable(300_000, "ms", "A question that has lists read again, over a slow line."),
  metricsConnections: tunable(16, "count", "A few programs that collect figures, each with a connection or two."),
};
