import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Logger } from "../core/logger.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { HandshakeQueue } from "./handshake-queue.ts";
import { LINK_LIMITS } from "./limits.ts";
import { serverTls, type TlsChoice } from "./tls-profile.ts";

/** Identity of the server end. */
export interface LinkServerOptions extends TlsChoice {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A handshake that is not over. */
interface Shaking {
  readonly raw: Duplex;
  /** Gives the place among the handshakes back. */
  readonly leave: () => void;
}

/** The far end of a TCP connection. */
interface Remote {
  readonly address: string;
  /** Of this connection alone. */
  readonly key: string;
}

/** Carries out the TLS handshakes of a server's connections, each when the queue lets it begin. */
export class LinkHandshakes {
  readonly #logger: Logger;
  readonly #queue: HandshakeQueue;
  readonly #tls: Server;
  /** By the two ends of their connections. */
  readonly #shaking = new Map<string, Shaking>();

  /** `onSecure` gets each socket whose handshake succeeded, and the connection below it. A socket without h2 is closed. */
  constructor(
    components: { readonly logger: Logger; readonly queue: HandshakeQueue },
    options: LinkServerOptions,
    onSecure: (socket: TLSSocket, raw: Duplex) => void,
  ) {
    this.#logger = components.logger;
    this.#queue = components.queue;
    this.#tls = createServer({
      ...serverTls(options.certPem, options.keyPem, options),
      handshakeTimeout: LINK_LIMITS.handshakeMs.value,
    });
    this.#tls.on("secureConnection", (socket: TLSSocket) => {
      socket.on("error", () => {});
      const shaking = this.#shaking.get(remoteOf(socket)?.key ?? "");
      shaking?.leave();
      // A connection in memory has no ends to be known by.
      if (socket.alpnProtocol === "h2") onSecure(socket, shaking?.raw ?? socket);
      else socket.destroy();
    });
    this.#tls.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      this.#logger.debug("a TLS handshake failed", { code: (error as NodeJS.ErrnoException).code });
      socket.destroy();
    });
  }

  /** Begins the handshake of a connection, now or when its turn comes. One without an address does not wait. */
  begin(raw: Duplex): void {
    const remote = remoteOf(raw);
    if (remote === undefined) this.#tls.emit("connection", raw);
    else this.#enter(raw, remote);
  }

  #enter(raw: Duplex, remote: Remote): void {
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      if (this.#shaking.get(remote.key) === shaking) this.#shaking.delete(remote.key);
      exit();
    };
    const shaking: Shaking = { raw, leave };
    this.#shaking.set(remote.key, shaking);
    raw.once("close", leave);
    const exit = this.#queue.enter(remote.address, {
      start: () => void this.#tls.emit("connection", raw),
      drop: () => abortStream(raw),
    });
  }
}

function remoteOf(raw: Duplex): Remote | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = raw as Partial<Socket>;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { address: remoteAddress, key: `${remoteAddress} ${remotePort} ${localAddress} ${localPort}` };
}
