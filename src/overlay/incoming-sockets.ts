import type { Socket } from "node:net";
import type { ComponentLogger, Upgrader } from "@libp2p/interface";
import { abortStream } from "../flow/abort-stream.ts";
import { addressCrowd } from "../link/address-crowd.ts";
import { tcpMultiaddr } from "./multiaddr-text.ts";
import { SocketConnection } from "./socket-connection.ts";

/** Turns sockets that the node's one listener accepted into libp2p connections: there is no listener of libp2p's own. */
export class IncomingSockets {
  readonly #upgrader: Upgrader;
  readonly #logger: ComponentLogger;
  readonly #perAddress: number;
  readonly #handshakes: number;
  readonly #open = new Map<string, Set<SocketConnection>>();
  /** Those that have not proved a key, the oldest first. */
  readonly #unproven = new Set<SocketConnection>();
  readonly #stopping = new AbortController();

  /** At most `perAddress` of one address, and `handshakes` that have not proved a key. */
  constructor(
    components: { upgrader: Upgrader; logger: ComponentLogger },
    options: { perAddress: number; handshakes: number },
  ) {
    this.#upgrader = components.upgrader;
    this.#logger = components.logger;
    this.#perAddress = options.perAddress;
    this.#handshakes = options.handshakes;
  }

  /** Serves `socket`, or resets it where its address has as many as it may. Never throws; owns the socket. */
  accept(socket: Socket, remote: { readonly host: string; readonly port: number }): void {
    const crowd = addressCrowd(remote.host);
    const open = this.#open.get(crowd) ?? new Set();
    if (socket.destroyed || crowd === "" || open.size >= this.#perAddress || this.#stopping.signal.aborted) {
      socket.on("error", () => {});
      abortStream(socket);
      return;
    }
    const log = this.#logger.forComponent("incoming");
    const connection = new SocketConnection(socket, tcpMultiaddr(remote.host, remote.port), log);
    this.#open.set(crowd, open.add(connection));
    socket.once("close", () => {
      open.delete(connection);
      if (open.size === 0 && this.#open.get(crowd) === open) this.#open.delete(crowd);
    });
    this.#prove(connection);
  }

  /** How many are open. */
  get size(): number {
    let size = 0;
    for (const open of this.#open.values()) size += open.size;
    return size;
  }

  /** Ends those that are open. */
  stop(): void {
    this.#stopping.abort();
    for (const connection of [...this.#open.values()].flatMap((open) => [...open])) {
      connection.abort(new Error("the overlay stops"));
    }
  }

  #prove(connection: SocketConnection): void {
    this.#unproven.add(connection);
    // The oldest goes and not the newest: those who stall must not keep out those who do not.
    const [oldest] = this.#unproven;
    if (this.#unproven.size > this.#handshakes && oldest !== undefined) {
      this.#unproven.delete(oldest);
      oldest.abort(new Error("others wait"));
    }
    this.#upgrader
      .upgradeInbound(connection, { signal: this.#stopping.signal })
      .catch((error: unknown) => {
        connection.abort(error instanceof Error ? error : new Error("the connection could not be upgraded"));
      })
      .finally(() => this.#unproven.delete(connection));
  }
}
