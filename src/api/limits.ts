import { type Limit, tunable } from "../core/limits.ts";

/** The bounds of the control room. */
export const API_LIMITS: Readonly<
  Record<
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
