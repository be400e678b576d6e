import type { ControlClient } from "../api/control-client.ts";
import { controlPath } from "../api/control-path.ts";
import { BywayError } from "../core/errors.ts";
import type { Terminal } from "./terminal.ts";

/** Asks the client that runs with a data directory; the question is taken back when the user stops the command. */
export async function askClient<T>(
  terminal: Terminal,
  dataDirectory: string,
  ask: (client: ControlClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { ControlClient } = await import("../api/control-client.ts");
  const stop = new AbortController();
  void terminal.stopRequest.then(() => stop.abort(new BywayError("ERR_ABORTED", "the command was stopped")));
  return await ask(
    new ControlClient({ clock: terminal.clock }, { path: controlPath(dataDirectory, "control") }),
    stop.signal,
  );
}
