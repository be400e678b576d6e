import type { Socket } from "node:net";
import { abortStream } from "../flow/abort-stream.ts";
import type { Lease } from "./user-limits.ts";

/**
 * Counts on a lease what goes over the app's connection beyond `countedBytes`, and breaks the connection when the user
 * may have no more. Returns the lease.
 */
export function leaseSocket(lease: Lease, socket: Socket, countedBytes = 0): Lease {
  lease.watch(
    () => socketBytes(socket) - countedBytes,
    (reason) => abortStream(socket, reason),
  );
  return lease;
}

/** All that went over a connection so far, in both directions. */
export function socketBytes(socket: Socket): number {
  return socket.bytesRead + socket.bytesWritten;
}
