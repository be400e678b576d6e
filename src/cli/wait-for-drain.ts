import type { NodeControlClient } from "../api/node-control-client.ts";
import { withAbort } from "../core/abort.ts";
import { BywayError } from "../core/errors.ts";
import type { NodeStatus } from "../operation/node-status.ts";
import type { Terminal } from "./terminal.ts";

const LOOK_MS = 500;
/** Back to the begin of the line, and clear it (ECMA-48 EL). */
const ANEW = "\r\u001b[K";

/**
 * Drains a node and settles when it has stopped; on a terminal, the streams that are left are shown. Throws ERR_ABORTED where
 * somebody has taken the drain back, the abort reason, and what the node answers.
 */
export async function waitForDrain(
  terminal: Pick<Terminal, "clock" | "errorIsTty" | "writeError">,
  node: Pick<NodeControlClient, "drain" | "status">,
  signal: AbortSignal,
): Promise<void> {
  using _alive = stayAlive();
  const show = (text: string): void => {
    if (terminal.errorIsTty) terminal.writeError(`${ANEW}${text}`);
  };
  let status: NodeStatus | undefined = await node.drain(signal);
  try {
    while (status !== undefined) {
      if (status.serving.state !== "draining") {
        throw new BywayError("ERR_ABORTED", "the drain was cancelled: the node goes on");
      }
      show(`Waiting for ${status.streams} ${status.streams === 1 ? "stream" : "streams"} …`);
      const elapsed = Promise.withResolvers<void>();
      using _timer = terminal.clock.after(LOOK_MS, () => elapsed.resolve());
      await withAbort(elapsed.promise, signal);
      status = await look(node, status, signal);
    }
  } catch (error) {
    if (signal.aborted) {
      terminal.writeError(
        `${terminal.errorIsTty ? ANEW : ""}The node goes on draining. Cancel that with byway node resume.\n`,
      );
    }
    throw error;
  } finally {
    show("");
  }
}

/** The node as it is now; undefined when it is gone. One that is going may break off, and is as it was before. */
async function look(
  node: Pick<NodeControlClient, "status">,
  before: NodeStatus,
  signal: AbortSignal,
): Promise<NodeStatus | undefined> {
  try {
    return await node.status(signal);
  } catch (error) {
    const running = error instanceof BywayError && error.code === "ERR_CONTROL" ? error.data.running : undefined;
    if (running === undefined) throw error;
    return running === false ? undefined : before;
  }
}

/** Keeps this process running until it is disposed: the timers of a Clock do not. */
function stayAlive(): Disposable {
  const { port1 } = new MessageChannel();
  port1.ref();
  port1.onmessage = (): void => {};
  return { [Symbol.dispose]: () => port1.close() };
}
