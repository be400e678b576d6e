import { controlPath } from "../api/control-path.ts";
import type { NodeControlClient } from "../api/node-control-client.ts";
import { BywayError } from "../core/errors.ts";
import type { Terminal } from "./terminal.ts";

/** Asks the node that runs with a data directory; the question is taken back when the user stops the command. */
export async function askNode<T>(
  terminal: Terminal,
  dataDirectory: string,
  ask: (node: NodeControlClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { NodeControlClient } = await import("../api/node-control-client.ts");
  const stop = new AbortController();
  void terminal.stopRequest.then(() => stop.abort(new BywayError("ERR_ABORTED", "the command was stopped")));
  return await ask(
    new NodeControlClient({ clock: terminal.clock }, { path: controlPath(dataDirectory, "node") }),
    stop.signal,
  );
}
