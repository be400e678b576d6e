import http, { type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Front, FrontComponents } from "./front.ts";
import { HttpConnection } from "./http-connection.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { passesUpgradeOn } from "./upgrade.ts";

/** HTTP/1: CONNECT, forwarding of absolute-form requests, and the proxy's own pages. Node's strict parser reads. */
export class HttpFront implements Front {
  readonly #components: FrontComponents;
  readonly #server: http.Server;
  readonly #connections = new WeakMap<Duplex, HttpConnection>();

  constructor(components: FrontComponents) {
    this.#components = components;
    this.#server = http.createServer({
      maxHeaderSize: INGRESS_LIMITS.maxHeadBytes.value,
      // Said here so that no flag of the process can loosen it.
      insecureHTTPParser: false,
      // Refused by our own code, which says more.
      requireHostHeader: false,
      shouldUpgradeCallback: passesUpgradeOn,
    });
    // Node drops what exceeds a number of fields without a word; our own code refuses such a request.
    this.#server.maxHeadersCount = 0;
    // Node would end the connection in the middle of a response when the app half-closes; `HttpConnection` decides.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    // Time-outs are ours, by the clock that is handed in.
    this.#server.keepAliveTimeout = 0;
    this.#server.headersTimeout = 0;
    this.#server.requestTimeout = 0;
    const serve: http.RequestListener = (request, response) =>
      this.#connections.get(request.socket)?.onRequest(request, response);
    this.#server.on("request", serve).on("checkContinue", serve).on("checkExpectation", serve);
    this.#server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#connections.get(socket)?.onConnect(request, head),
    );
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#connections.get(socket)?.onUpgrade(request, head),
    );
    this.#server.on("clientError", (error, socket) => this.#connections.get(socket)?.onParseError(error));
  }

  serve(socket: Socket, first: Uint8Array): Promise<void> {
    const connection = new HttpConnection(this.#components, socket);
    this.#connections.set(socket, connection);
    socket.unshift(first);
    this.#server.emit("connection", socket);
    socket.resume();
    return connection.closed;
  }
}
