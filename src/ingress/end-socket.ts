import type { Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { INGRESS_LIMITS } from "./limits.ts";

/**
 * Says `last` and ends the connection; resolves when it is closed.
 *
 * What the app still sends is read and thrown away for a while: closing with unread bytes would reset the connection,
 * and the app would lose the answer.
 */
export function endSocket(socket: Socket, last: Uint8Array, clock: Clock): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => {
    // A FIN after a part of an answer would make it look whole.
    const cut = (): void => void (socket.writableFinished ? socket.destroy() : abortStream(socket));
    const limit = clock.after(INGRESS_LIMITS.lingerMs.value, cut);
    socket.once("close", () => {
      limit.cancel();
      resolve();
    });
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.resume();
    socket.end(last);
  });
}
