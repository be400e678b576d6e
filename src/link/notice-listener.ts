import { type AddressInfo, createServer, type Server } from "node:net";
import type { Clock } from "../core/clock.ts";
import { listenError } from "../core/listen-error.ts";
import type { HostPort } from "../core/network-address.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import { ConnectionGate } from "./connection-gate.ts";
import type { NoticeFacts } from "./notice-page.ts";
import { type NoticeBounds, NoticeServer } from "./notice-server.ts";

/** Where the notice is served, and what it says. */
export interface NoticeListenerOptions {
  readonly listen: HostPort;
  readonly facts: NoticeFacts;
  readonly bounds?: NoticeBounds;
}

/** Serves the notice at an address of its own, where people look: port 80. It has bounds of its own. */
export class NoticeListener {
  readonly #listen: HostPort;
  readonly #notice: NoticeServer;
  readonly #gate: ConnectionGate;
  readonly #server: Server;
  #stopped = false;

  constructor(
    components: { readonly clock: Clock; readonly refusals?: RefusalCounts | undefined },
    { listen, facts, bounds }: NoticeListenerOptions,
  ) {
    this.#listen = listen;
    this.#notice = new NoticeServer(components, facts, bounds);
    this.#gate = new ConnectionGate(components);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on("error", () => {});
      if (this.#stopped || !this.#gate.admit(socket.remoteAddress ?? "")) abortStream(socket);
      else this.#notice.accept(socket);
    });
  }

  /** Listens; settles with the address. Throws ERR_LISTEN_IN_USE, ERR_LISTEN_ADDRESS or ERR_LISTEN_PERMISSION. */
  async start(): Promise<HostPort> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause) => reject(listenError(cause, this.#listen)));
      this.#server.listen({ ...this.#listen }, resolve);
    });
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Takes no more and ends all connections; settles when they are gone. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([closed, this.#notice.stop()]);
  }
}
