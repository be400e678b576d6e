import { createSocket } from "node:dgram";
import { once } from "node:events";
import net from "node:net";
import { BywayError, systemCode } from "../../src/core/errors.ts";
import { abortStream } from "../../src/flow/abort-stream.ts";
import type {
  DatagramFlow,
  OpenedStream,
  RefusedRequest,
  RouteSummary,
  StreamOpener,
  StreamRequest,
} from "../../src/ingress/stream-opener.ts";

/** A way that no stream of a `DirectOpener` takes, for headers that tell it. */
export const FAKE_ROUTE: RouteSummary = {
  hops: [
    { peerId: "k51guard", country: "nl" },
    { peerId: "k51exit", country: "de" },
  ],
  exit: { peerId: "k51exit", country: "de" },
};

/** Opens streams and flows straight to the target, without a circuit, and remembers what it was asked for. */
export class DirectOpener implements StreamOpener {
  readonly requests: StreamRequest[] = [];
  readonly streams: Set<net.Socket> = new Set();
  readonly flows: Set<DatagramFlow> = new Set();
  /** Openings that were taken back. */
  aborted = 0;
  /** What is known of the next stream beside its route. */
  more: Pick<OpenedStream, "requestId" | "moved" | "isForOne" | "endsAtMs"> = {};
  /** Called before each opening; throws or waits to make it fail or hang. */
  before: (request: StreamRequest, signal: AbortSignal) => Promise<void> = async () => {};

  /** Told of refused user names. */
  noteRefused: (refused: RefusedRequest) => void = () => {};

  async openStream(request: StreamRequest, signal: AbortSignal): Promise<OpenedStream> {
    this.requests.push(request);
    await this.#prepare(request, signal);
    const stream = net.connect({ ...request.target, allowHalfOpen: true, noDelay: true });
    this.streams.add(stream);
    stream.once("close", () => this.streams.delete(stream));
    const reset = (): void => abortStream(stream);
    signal.addEventListener("abort", reset, { once: true });
    try {
      await once(stream, "connect");
    } catch (cause) {
      const code = systemCode(cause) === "ECONNREFUSED" ? "ERR_TARGET_REFUSED" : "ERR_TARGET_UNREACHABLE";
      throw new BywayError(code, "the target did not answer", { cause });
    } finally {
      signal.removeEventListener("abort", reset);
    }
    if (request.early !== undefined) stream.write(request.early);
    const bytes = (): { sent: number; received: number } => ({
      sent: stream.bytesWritten,
      received: stream.bytesRead,
    });
    return { stream, route: FAKE_ROUTE, bytes, ...this.more };
  }

  async openDatagrams(request: StreamRequest, signal: AbortSignal): Promise<DatagramFlow> {
    this.requests.push(request);
    await this.#prepare(request, signal);
    const socket = createSocket(net.isIPv6(request.target.host) ? "udp6" : "udp4");
    socket.connect(request.target.port, request.target.host);
    await once(socket, "connect");
    const closed = once(socket, "close").then(() => {
      this.flows.delete(flow);
    });
    const flow: DatagramFlow = {
      onDatagram: undefined,
      closed,
      send: (payload) => socket.send(payload, () => {}),
      close: () => {
        if (this.flows.delete(flow)) socket.close();
      },
    };
    this.flows.add(flow);
    socket.on("error", () => flow.close());
    socket.on("message", (message) => flow.onDatagram?.(message));
    return flow;
  }

  async #prepare(request: StreamRequest, signal: AbortSignal): Promise<void> {
    const count = (): void => {
      this.aborted += 1;
    };
    signal.addEventListener("abort", count, { once: true });
    try {
      await this.before(request, signal);
      signal.throwIfAborted();
    } finally {
      signal.removeEventListener("abort", count);
    }
  }
}

/** Waits until the signal aborts and then fails with its reason. */
export async function hang(_request: StreamRequest, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}
