import type { Duplex } from "node:stream";
import type { JoinedWritesTarget } from "../flow/joined-writes.ts";
import type { RawHeaders } from "../http1/fields.ts";

const CRLF = Buffer.from("\r\n");

/** Where the content of a body is written to: as it is, or each write as a chunk (RFC 9112 §7.1). */
export function bodyTarget(out: Duplex, inChunks: boolean): JoinedWritesTarget {
  const write = (content: Uint8Array, done?: (error?: Error | null) => void): boolean => {
    if (!inChunks) return out.write(content, done);
    out.cork();
    out.write(Buffer.from(`${content.length.toString(16)}\r\n`, "latin1"));
    out.write(content, done);
    const more = out.write(CRLF);
    out.uncork();
    return more;
  };
  return {
    write,
    cork: () => out.cork(),
    uncork: () => out.uncork(),
    get writable() {
      return out.writable;
    },
    get writableLength() {
      return out.writableLength;
    },
  };
}

/** The end of a body in chunks, with the fields behind it. */
export function encodeLastChunk(trailers: RawHeaders): Buffer {
  let text = "0\r\n";
  for (let index = 0; index + 1 < trailers.length; index += 2) text += `${trailers[index]}: ${trailers[index + 1]}\r\n`;
  return Buffer.from(`${text}\r\n`, "latin1");
}
