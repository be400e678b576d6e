import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { platform } from "node:process";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { type SpliceComponents, splice } from "../flow/splice.ts";
import { plainAddress } from "../link/public-port.ts";
import { makeTemporaryDirectory } from "../storage/temporary-directory.ts";
import { decodeProxyHeader, encodeProxyHeader } from "../wire/proxy-header.ts";
import { WORKERS_LIMITS } from "./limits.ts";

/** Takes a connection that a worker returned, and owns it; `remote` is the address that it came from. */
export type TakeBack = (socket: Socket, remote: HostPort) => void;

/**
 * Carries connections of the overlay from a worker to its node, which takes part in the overlay.
 *
 * A worker learns from the first byte that a connection is not a link. By then it has read from the socket, so the socket
 * cannot be passed to another process. The worker carries its bytes over a local socket instead. This socket is in a directory
 * that only this user can enter (on Windows a pipe with an unguessable name). Each connection on it begins with a PROXY header,
 * which has the real remote address.
 */
export class OverlayBackchannel {
  readonly #clock: Clock;
  readonly #takeBack: TakeBack;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #directory: string | undefined;

  constructor(components: { clock: Clock }, takeBack: TakeBack) {
    this.#clock = components.clock;
    this.#takeBack = takeBack;
    // A local socket cannot be reset, so an end is all that tells of one: it must end the connection.
    this.#server = createServer({ allowHalfOpen: false }, (socket) => this.#accept(socket));
  }

  /** Begins to listen and returns the path for `sendBack`. Throws ERR_WORKER. */
  async start(): Promise<string> {
    try {
      const path = await this.#place();
      await new Promise<void>((resolve, reject) => {
        this.#server.once("error", reject);
        this.#server.listen(path, resolve);
      });
      return path;
    } catch (cause) {
      await this.stop();
      throw new BywayError("ERR_WORKER", "no local socket can be made between the node and its workers", { cause });
    }
  }

  /** Takes no more connections, and ends those without a PROXY header yet; those that were handed over live on. Idempotent. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    // Its "close" would wait for connections that others own by now.
    this.#server.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  async #place(): Promise<string> {
    if (platform === "win32") return `\\\\.\\pipe\\byway-${randomBytes(16).toString("hex")}`;
    this.#directory = await makeTemporaryDirectory("byway-");
    return join(this.#directory, "back");
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const close = (): void => void socket.destroy();
    const limit = this.#clock.after(WORKERS_LIMITS.backchannelMs.value, close);
    const settled = (): void => {
      this.#sockets.delete(socket);
      limit.cancel();
      socket.off("readable", read).off("end", close).off("close", settled);
    };
    let bytes: Buffer = Buffer.alloc(0);
    const read = (): void => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      bytes = Buffer.concat([bytes, chunk]);
      try {
        const header = decodeProxyHeader(bytes);
        if (header === undefined) return;
        settled();
        if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
        this.#takeBack(socket, header.value);
      } catch {
        close();
      }
    };
    socket
      .on("error", () => {})
      .on("readable", read)
      .once("end", close)
      .once("close", settled);
  }
}

/** Carries the bytes of `socket` to the node that listens at `path`, also those that were read and put back. Owns `socket`. */
export function sendBack(components: SpliceComponents, path: string, socket: Socket, remote: HostPort): void {
  const { localAddress, localPort } = socket;
  if (localAddress === undefined || localPort === undefined) {
    socket.destroy();
    return;
  }
  socket.allowHalfOpen = true;
  const back = connect({ path, allowHalfOpen: true });
  back.write(encodeProxyHeader(remote, { host: plainAddress(localAddress), port: localPort }));
  void splice(components, socket, back);
}
