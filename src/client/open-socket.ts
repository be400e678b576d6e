import { linkedAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Dispatcher, RoutedStream } from "../dispatch/dispatcher.ts";
import type { StreamRequest } from "../ingress/stream-opener.ts";
import type { ConnectOptions } from "./connect-arguments.ts";
import { StreamSocket } from "./stream-socket.ts";

/** A stream of the library, as a socket, and how long each stage took. */
export interface OpenedSocket extends Omit<RoutedStream, "stream" | "failure"> {
  readonly stream: StreamSocket;
}

/** What it works with. */
export interface OpenSocketComponents {
  readonly dispatcher: Pick<Dispatcher, "openStream">;
  readonly clock: Clock;
  /** Aborts when the client stops. */
  readonly stopping: AbortSignal;
}

/**
 * Opens a stream for a caller of the library. Rejects with ERR_ABORTED once the caller's signal aborts, ERR_STOPPED once the
 * client stops, and with what opening throws. A stream that comes too late is reset.
 */
export async function openSocket(
  { dispatcher, clock, stopping }: OpenSocketComponents,
  request: StreamRequest,
  { signal, allowHalfOpen }: ConnectOptions,
): Promise<OpenedSocket> {
  using linked = linkedAbort(stopping, signal);
  const takenBack = (): BywayError | undefined => {
    if (stopping.aborted) return stopped();
    if (signal?.aborted !== true) return undefined;
    return new BywayError("ERR_ABORTED", "the request was aborted", { cause: signal.reason });
  };
  const early = takenBack();
  if (early !== undefined) throw early;
  let opened: RoutedStream;
  try {
    opened = await dispatcher.openStream(request, linked.signal);
  } catch (error) {
    throw takenBack() ?? error;
  }
  const late = takenBack();
  if (late !== undefined) {
    opened.stream.destroy();
    throw late;
  }
  const { failure, ...told } = opened;
  const carried = {
    stream: opened.stream,
    target: request.target,
    failure: () => (stopping.aborted ? stopped() : failure()),
  };
  return { ...told, stream: StreamSocket.of({ clock }, carried, { allowHalfOpen }) };
}

/** Why a client that has been stopped does nothing any more. */
export function stopped(): BywayError {
  return new BywayError("ERR_STOPPED", "the client was stopped");
}
