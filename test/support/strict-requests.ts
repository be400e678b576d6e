const HEAD =
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~\x80-\xff]+ HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[\t -~\x80-\xff]*\r\n)*\r\n/;
const CHUNK = /^([0-9A-Fa-f]{1,8})\r\n/;
const TRAILERS = /^(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[\t -~\x80-\xff]*\r\n)*\r\n/;

function valuesOf(head: string, name: string): readonly string[] {
  return [...head.matchAll(new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, "gim"))].map(([, value]) => value ?? "");
}

/**
 * Counts the requests of an HTTP/1.1 stream as the strictest server reads it (RFC 9112), where no two servers can differ. Bytes
 * beyond ASCII may stand in a target: no length hangs on them.
 * "malformed" for any other stream, "more" for one that is cut.
 */
export function strictRequests(text: string): number | "malformed" | "more" {
  let rest = text;
  for (let count = 0; ; count += 1) {
    if (rest === "") return count;
    const head = HEAD.exec(rest)?.[0];
    if (head === undefined) return rest.includes("\r\n\r\n") ? "malformed" : "more";
    const after = bodyEnd(head, rest.slice(head.length));
    if (typeof after === "string") return after;
    rest = rest.slice(head.length + after);
  }
}

function bodyEnd(head: string, text: string): number | "malformed" | "more" {
  const lengths = valuesOf(head, "content-length");
  const codings = valuesOf(head, "transfer-encoding");
  if (lengths.length + codings.length > 1 || valuesOf(head, "host").length !== 1) return "malformed";
  if (codings.length > 0) return codings[0]?.toLowerCase() === "chunked" ? chunksEnd(text) : "malformed";
  const [length = "0"] = lengths;
  if (!/^[0-9]{1,15}$/.test(length)) return "malformed";
  return Number(length) <= text.length ? Number(length) : "more";
}

function chunksEnd(text: string): number | "malformed" | "more" {
  let at = 0;
  for (;;) {
    const line = CHUNK.exec(text.slice(at, at + 16));
    if (line === null) return text.indexOf("\n", at) < 0 ? "more" : "malformed";
    at += line[0].length;
    const bytes = Number.parseInt(line[1] ?? "", 16);
    if (bytes === 0) {
      const trailers = TRAILERS.exec(text.slice(at))?.[0];
      if (trailers !== undefined) return at + trailers.length;
      return text.includes("\r\n\r\n", at - 2) ? "malformed" : "more";
    }
    if (text.length < at + bytes + 2) return "more";
    if (text.slice(at + bytes, at + bytes + 2) !== "\r\n") return "malformed";
    at += bytes + 2;
  }
}
