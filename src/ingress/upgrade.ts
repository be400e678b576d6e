import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { SpliceComponents } from "../core/splice.ts";
import { encodeHead } from "./answer.ts";
import type { AppSocketReader } from "./app-socket-reader.ts";
import { carry } from "./carry.ts";
import { endSocket } from "./end-socket.ts";
import { type ForwardContext, forward, wantsDebug } from "./forward.ts";
import { fieldsOf } from "./hop-by-hop.ts";
import { hasBody } from "./proxy-request.ts";
import { targetFields } from "./target-fields.ts";
import { toldFields } from "./told-fields.ts";

/**
 * Whether a request to change the protocol is passed on. One with a body is not, nor one to cleartext HTTP/2, which
 * RFC 9113 §3.1 has given up: such a request goes on without its `Upgrade`, as a proxy may do (RFC 9110 §7.8).
 */
export function passesUpgradeOn(request: IncomingMessage): boolean {
  const protocols = (request.headers.upgrade ?? "").toLowerCase().split(",");
  return !hasBody(request) && !protocols.some((protocol) => protocol.trim().startsWith("h2c"));
}

/**
 * Forwards a request to change the protocol (RFC 9110 §7.8): after 101 the two connections become one stream of
 * bytes, any other answer is passed on and the connection ends. Never rejects.
 */
export async function upgrade(
  components: SpliceComponents,
  request: IncomingMessage,
  socket: Socket,
  reader: AppSocketReader,
  context: ForwardContext,
): Promise<void> {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  // Node's server, which would do these two, has let go of the socket.
  socket.on("drain", () => response.emit("drain"));
  response.once("finish", () => {
    reader.release();
    void endSocket(socket, new Uint8Array(0), components.clock);
  });
  const switched = await forward(request, response, { ...context, upgrade: request.headers.upgrade ?? "" });
  if (switched === undefined) return;
  const { answer, stream, head, reused } = switched;
  if (head.length > 0) stream.unshift(head);
  const protocol = [...fieldsOf(answer.rawHeaders)].find(([name]) => name === "upgrade")?.[2] ?? "";
  const sent = [...targetFields(answer.rawHeaders), "Connection", "Upgrade", "Upgrade", protocol];
  const opened = context.agent.openedOf(stream);
  const told = { ignored: context.meaning.ignored, debug: wantsDebug(request), reused };
  if (opened !== undefined) sent.push(...toldFields(opened, told));
  await carry(components, socket, reader, Buffer.from(encodeHead(101, sent, answer.statusMessage), "latin1"), stream);
}
