import { connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { type Clock, systemClock } from "../core/clock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { LINK_LIMITS } from "./limits.ts";

/** What the check is made of. */
export interface LoopbackParts {
  /** The system's when absent. */
  readonly clock?: Clock;
  /** Opens a TCP connection; that of `node:net` when absent. */
  readonly connect?: (to: HostPort) => Socket;
}

/**
 * Connects to a port of its own at `host`, a loopback address. Throws ERR_LOOPBACK if that is impossible: while the interface is
 * down one can listen there, but nobody can connect.
 */
export async function checkLoopback(host: string, parts: LoopbackParts = {}): Promise<void> {
  const { clock = systemClock, connect = connectTcp } = parts;
  const fail = (reason: string, cause?: unknown): BywayError =>
    new BywayError("ERR_LOOPBACK", `this machine cannot connect to itself at ${host} (${reason})`, {
      data: { host },
      cause,
    });
  const server = createServer((socket) => socket.destroy());
  let socket: Socket | undefined;
  try {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failed = (cause: Error): void => reject(fail(systemCode(cause) ?? cause.message, cause));
    using _limit = clock.after(LINK_LIMITS.loopbackMs.value, () =>
      reject(fail(`no answer within ${LINK_LIMITS.loopbackMs.value} ms`)),
    );
    server.once("error", failed);
    server.listen(0, host, () => {
      socket = connect({ host, port: portOf(server) });
      socket.once("connect", resolve).on("error", failed);
    });
    await promise;
  } finally {
    socket?.destroy();
    server.close();
  }
}

function portOf(server: Server): number {
  const bound = server.address();
  return typeof bound === "object" ? (bound?.port ?? 0) : 0;
}
