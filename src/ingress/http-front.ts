import type { Socket } from "node:net";
import type { Front, FrontComponents } from "./front.ts";
import { HttpConnection } from "./http-connection.ts";

/** HTTP/1: CONNECT, forwarding of absolute-form requests, and the proxy's own pages. */
export class HttpFront implements Front {
  readonly firstByte = undefined;
  readonly #components: FrontComponents;

  constructor(components: FrontComponents) {
    this.#components = components;
  }

  serve(socket: Socket, first: Uint8Array): Promise<void> {
    return new HttpConnection(this.#components, socket, Buffer.from(first)).closed;
  }
}
