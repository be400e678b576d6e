import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import type { HostPort } from "../../src/core/network-address.ts";

/** The host that origins listen at: an address of its own, which no node has. */
export const ORIGIN_HOST = "127.201.0.1";

/** Servers at `ORIGIN_HOST` that end together, with all their connections. */
export class OriginServers implements AsyncDisposable {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** How many TCP connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Has `server` listen on a free port. */
  async listen(server: Server): Promise<HostPort> {
    this.#servers.push(server);
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.listen(0, ORIGIN_HOST);
    await once(server, "listening");
    return { host: ORIGIN_HOST, port: (server.address() as AddressInfo).port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#servers.map((server) => once(server, "close"));
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }
}
