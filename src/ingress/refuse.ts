import type { Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { type BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { AppSocketReader } from "./app-socket-reader.ts";
import { endSocket } from "./end-socket.ts";

/** Ends a connection with the refusal that `encode` makes of an error, or abruptly when nobody listens any more. */
export async function refuse(
  components: { readonly clock: Clock; readonly logger: Logger },
  socket: Socket,
  reader: AppSocketReader,
  cause: unknown,
  encode: (error: BywayError) => Uint8Array,
): Promise<void> {
  const error = toBywayError(cause);
  // The message may hold what the app sent; the code says enough for a log.
  components.logger.debug("a request was refused", { code: error.code, data: error.data });
  reader.release();
  if (error.code === "ERR_ABORTED" || error.code === "ERR_STOPPED" || socket.destroyed) {
    // Nothing may be left to be thrown by a socket without listeners.
    socket.on("error", () => {});
    abortStream(socket);
  } else await endSocket(socket, encode(error), components.clock);
}
