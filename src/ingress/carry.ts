import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type SpliceComponents, splice } from "../flow/splice.ts";

/**
 * Lets `reader` go of the socket, says `answer` to the app and then carries bytes between it and `stream` until both have
 * ended. Never rejects.
 */
export async function carry(
  components: SpliceComponents,
  socket: Socket,
  reader: { release(): Uint8Array },
  answer: Uint8Array | string,
  stream: Duplex,
): Promise<void> {
  const rest = reader.release();
  if (!socket.destroyed) socket.write(answer);
  if (!stream.destroyed && rest.length > 0) stream.write(rest);
  const spliced = splice(components, socket, stream);
  socket.resume();
  await spliced;
}
