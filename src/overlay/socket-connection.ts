import { once } from "node:events";
import type { Socket } from "node:net";
import type { AbortOptions, Logger } from "@libp2p/interface";
import { AbstractMultiaddrConnection } from "@libp2p/utils";
import type { Multiaddr } from "@multiformats/multiaddr";
import { abortStream } from "../flow/abort-stream.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

type Chunks = Parameters<AbstractMultiaddrConnection["sendData"]>[0];
type Sent = ReturnType<AbstractMultiaddrConnection["sendData"]>;

/** A connected socket that somebody else accepted, as libp2p wants it. Owns the socket. */
export class SocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: Socket;

  constructor(socket: Socket, remoteAddr: Multiaddr, log: Logger) {
    const maxReadBufferLength = OVERLAY_LIMITS.readBufferBytes.value;
    super({ remoteAddr, direction: "inbound", log, maxReadBufferLength });
    this.#socket = socket;
    // libp2p has no half-closed connections; without this a peer that only ends its side is held until time runs out.
    socket.allowHalfOpen = false;
    socket.setNoDelay(true);
    socket.setTimeout(OVERLAY_LIMITS.silentMs.value, () => this.abort(new Error("the connection fell silent")));
    socket.on("data", (chunk: Buffer) => this.onData(chunk));
    socket.on("drain", () => this.safeDispatchEvent("drain"));
    socket.on("error", (error) => this.abort(error));
    socket.on("end", () => this.onTransportClosed());
    socket.on("close", () => this.onTransportClosed());
    socket.resume();
  }

  override sendData(chunks: Chunks): Sent {
    let sentBytes = 0;
    let canSendMore = true;
    for (const chunk of chunks) {
      sentBytes += chunk.byteLength;
      canSendMore = this.#socket.write(chunk);
      if (!canSendMore) break;
    }
    return { sentBytes, canSendMore };
  }

  override async sendClose(options?: AbortOptions): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = once(this.#socket, "close", options?.signal === undefined ? {} : { signal: options.signal });
    this.#socket.destroySoon();
    await closed;
  }

  override sendReset(): void {
    abortStream(this.#socket);
  }

  override sendPause(): void {
    this.#socket.pause();
  }

  override sendResume(): void {
    this.#socket.resume();
  }
}
