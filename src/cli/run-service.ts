import { tuneGarbageCollection } from "../core/tune-garbage-collection.ts";
import { CLI_LIMITS } from "./limits.ts";
import type { Terminal } from "./terminal.ts";

/** Something that runs until it is stopped. */
export interface Service {
  stop(): Promise<void>;
}

/**
 * Starts a service, tells `onReady`, and stops it when the user asks. A request to stop that comes while it
 * starts waits for the start to settle. Work that `onReady` returns as "done" stops it as well. A stop that takes
 * longer than the grace is left to the end of the process.
 */
export async function runService<S extends Service>(
  terminal: Terminal,
  start: () => Promise<S>,
  onReady: (service: S) => Promise<"done" | undefined> | undefined,
): Promise<void> {
  terminal.beginService();
  using _tuning = tuneGarbageCollection(terminal.clock);
  const starting = start();
  const isStopped = await Promise.race([starting.then(() => false), terminal.stopRequest.then(() => true)]);
  const service = await starting;
  try {
    if (isStopped) return;
    const done = onReady(service)?.then((result) => (result === "done" ? undefined : terminal.stopRequest));
    await Promise.race([terminal.stopRequest, done ?? terminal.stopRequest]);
  } finally {
    const elapsed = Promise.withResolvers<void>();
    using _grace = terminal.clock.after(CLI_LIMITS.stopGraceMs.value, () => elapsed.resolve());
    await Promise.race([service.stop(), elapsed.promise]);
  }
}
