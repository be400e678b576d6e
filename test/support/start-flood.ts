import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import type { FloodKind, FloodOutcome } from "./flood.ts";

/** How much of a flood there is. */
export interface FloodSize {
  readonly count: number;
  /** Acts at a time. */
  readonly lanes: number;
  /** Networks (/24) that it comes from. */
  readonly networks: number;
  readonly seconds: number;
  /** Priority of its process, up to 19 for the lowest; that of this process when absent. */
  readonly nice?: number;
}

/** A flood that is under way in a process of its own. */
export interface RunningFlood {
  readonly outcome: Promise<FloodOutcome>;
  /** Ends it; harmless when it is over. */
  stop(): void;
}

/** Floods the node at `address`. */
export function startFlood(kind: FloodKind, address: HostPort, size: FloodSize): RunningFlood {
  const { count, lanes, networks, seconds, nice } = size;
  const child = fork(fileURLToPath(new URL("flood.ts", import.meta.url)), [
    kind,
    formatHostPort(address),
    ...[count, lanes, networks, seconds, ...(nice === undefined ? [] : [nice])].map(String),
  ]);
  const gone = once(child, "exit").then((): never => {
    throw new Error(`the flood ${kind} ended early`);
  });
  const outcome = Promise.race([once(child, "message").then(([message]) => message as FloodOutcome), gone]);
  outcome.catch(() => {});
  gone.catch(() => {});
  return { outcome, stop: () => void child.kill() };
}
