import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { abortStream } from "./abort-stream.ts";

/**
 * Ends a stream on which all has been said, and throws away what still comes. Resets it if the far side does not end it too
 * within `ms`. Owns the stream.
 */
export function endStream(stream: Duplex, clock: Clock, ms: number): void {
  if (stream.destroyed) return;
  const limit = clock.after(ms, () => abortStream(stream));
  stream.once("close", () => limit.cancel());
  stream.on("error", () => {}).on("data", () => {});
  stream.resume();
  stream.end();
}
