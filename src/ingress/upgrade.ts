import type { Socket } from "node:net";
import type { SpliceComponents } from "../flow/splice.ts";
import { listOf, valuesOf } from "../http1/fields.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { encodeHead } from "./answer.ts";
import { carry } from "./carry.ts";
import { type Switched, wantsDebug } from "./forward.ts";
import { hasBody } from "./http-request.ts";
import type { MessageSource } from "./message-source.ts";
import { reportedFields } from "./reported-fields.ts";
import { targetFields } from "./target-fields.ts";

/**
 * The protocols to which a request wants to change (RFC 9110 §7.8), as it names them; undefined where it is passed on without
 * its `Upgrade`, as a proxy may do. That is so with a body, with cleartext HTTP/2, which RFC 9113 §3.1 has given up, and in
 * HTTP/1.0, where `Upgrade` must be ignored.
 */
export function upgradeOf(request: RequestHead): string | undefined {
  const { headers, version } = request;
  const protocols = listOf(headers, "upgrade");
  if (version === "1.0" || protocols.length === 0 || !listOf(headers, "connection").includes("upgrade"))
    return undefined;
  if (hasBody(request) || protocols.some((protocol) => protocol.startsWith("h2c"))) return undefined;
  return valuesOf(headers, "upgrade").join(", ");
}

/** Passes the change of protocol on to the app and makes the two connections one stream of bytes. Never rejects. */
export async function carrySwitched(
  components: SpliceComponents,
  request: RequestHead,
  app: { readonly socket: Socket; readonly source: MessageSource; readonly ignored: readonly string[] },
  { head, upstream }: Switched,
): Promise<void> {
  const { stream, source, opened, isReused } = upstream;
  const protocol = valuesOf(head.headers, "upgrade")[0] ?? "";
  // An interim answer has no content, and no length of it (RFC 9110 §8.6).
  const sent = targetFields(head.headers, ["content-length"]);
  sent.push("Connection", "Upgrade", "Upgrade", protocol);
  sent.push(...reportedFields(opened, { ignored: app.ignored, debug: wantsDebug(request), reused: isReused }));
  const early = source.release();
  if (early.length > 0) stream.unshift(early);
  stream.resume();
  await carry(components, app.socket, app.source, Buffer.from(encodeHead(101, sent, head.reason), "latin1"), stream);
}
