import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { splice } from "../core/splice.ts";
import type { AppSocketReader } from "./app-socket-reader.ts";

/** Says `answer` to the app and then carries bytes between it and `stream` until both have ended. Never rejects. */
export async function carry(
  socket: Socket,
  reader: AppSocketReader,
  answer: Uint8Array | string,
  stream: Duplex,
): Promise<void> {
  const { rest, ended } = reader.release();
  const spliced = splice(socket, stream);
  if (!socket.destroyed) socket.write(answer);
  if (!stream.destroyed) {
    if (rest.length > 0) stream.write(rest);
    // The splice cannot see an end that came before it.
    if (ended) stream.end();
  }
  socket.resume();
  await spliced;
}
