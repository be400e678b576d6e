import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { abortReason, deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { listenError } from "../core/listen-error.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Transport, TransportListener } from "./transport.ts";

/** Reaches a hop directly over TCP. Endpoints are IP addresses: no name is resolved. */
export class TcpTransport implements Transport {
  readonly #clock: Clock;
  readonly #paused: boolean;

  /** `paused` leaves connections that come in unread, for someone who passes them to another process. Default false. */
  constructor(components: { clock: Clock }, options: { readonly paused?: boolean } = {}) {
    this.#clock = components.clock;
    this.#paused = options.paused ?? false;
  }

  async dial(endpoint: HostPort, signal?: AbortSignal): Promise<Duplex> {
    const where = formatHostPort(endpoint);
    using limit = deadline(
      this.#clock,
      LINK_LIMITS.handshakeMs.value,
      () => new BywayError("ERR_HOP_TIMEOUT", `${where} did not answer`),
      signal,
    );
    const socket = connect({ ...endpoint, allowHalfOpen: true, noDelay: true, keepAlive: true });
    await connected(socket, where, limit.signal);
    return socket;
  }

  async listen(endpoint: HostPort, onConnection: (stream: Duplex) => void): Promise<TransportListener> {
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: this.#paused };
    const server = createServer(options, onConnection);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) => reject(listenError(cause, endpoint)));
      server.listen({ ...endpoint, backlog: 1024 }, resolve);
    });
    const { address, port } = server.address() as AddressInfo;
    return {
      address: { host: address, port },
      close: () =>
        new Promise((resolve) => {
          // Node would ask the processes that connections went to, and wait for ever for one that died.
          if (!server.listening || this.#paused) resolve();
          server.close(() => resolve());
        }),
    };
  }
}

function connected(socket: Socket, where: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      socket.destroy();
      reject(abortReason(signal));
    };
    const onError = (cause: Error): void => {
      signal.removeEventListener("abort", onAbort);
      reject(new BywayError("ERR_HOP_UNREACHABLE", `cannot connect to ${where} (${systemCode(cause)})`, { cause }));
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      resolve();
    });
  });
}
