import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  controlConnections: [16, "count", "A few commands and a page at once; the socket is its owner's alone."],
  controlHeadBytes: [16_384, "bytes", "A request's head: constraints are longer than other addresses."],
  controlBodyBytes: [4_096, "bytes", "The body of a request: a few values in JSON."],
  controlAnswerBytes: [4_194_304, "bytes", "One answer; of a longer list the oldest are left out."],
  controlRequestMs: [5_000, "ms", "One question and its answer, on one machine."],
  controlPathBytes: [103, "bytes", "A socket's path: sun_path has 104 bytes on macOS, 108 on Linux, with the NUL."],
  controlLockMs: [100, "ms", "A command that asks whether the lock is held holds it for less than that itself."],
  controlSlowMs: [300_000, "ms", "A question that has lists read again, over a slow line."],
  metricsConnections: [16, "count", "A few programs that collect figures, each with a connection or two."],
} as const;

/** The bounds of the control room. */
export const API_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
