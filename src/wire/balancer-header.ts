import { WIRE_LIMITS } from "./limits.ts";

/*
 * What a balancer puts before a stream, and a server that expects it skips (the PROXY protocol, versions 1 and 2):
 *
 *   "PROXY " … CRLF, at most 107 bytes
 *   0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a | 2x | family | length 2 | addresses and more, of that length
 */
const TEXT: Buffer = Buffer.from("PROXY ");
const MAGIC: Buffer = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const MAGIC_HEADER = 16;
const CR = 0x0d;
const LF = 0x0a;

/**
 * The length of the PROXY header that a stream begins with; 0 for none. "more" while it may have one that is not over.
 * "unclear" for a line where servers differ in what they skip: some end it at a CR or LF that stands alone, some do not,
 * and some skip more bytes than a header has.
 */
export function balancerHeaderBytes(seen: Buffer): number | "more" | "unclear" {
  if (begins(seen, TEXT)) return textBytes(seen);
  // A few empty lines alone are no header.
  if (!begins(seen, MAGIC)) return 0;
  if (seen.length < MAGIC_HEADER) return "more";
  const bytes = MAGIC_HEADER + seen.readUInt16BE(14);
  return seen.length < bytes ? "more" : bytes;
}

function textBytes(seen: Buffer): number | "more" | "unclear" {
  const most = WIRE_LIMITS.maxProxyHeaderBytes.value;
  for (let at = TEXT.length; at < seen.length && at < most; at += 1) {
    const byte = seen[at];
    if (byte === LF) return "unclear";
    if (byte !== CR) continue;
    if (at + 1 >= seen.length) return "more";
    return seen[at + 1] === LF && at + 2 <= most ? at + 2 : "unclear";
  }
  return seen.length < most ? "more" : "unclear";
}

function begins(seen: Buffer, magic: Buffer): boolean {
  const length = Math.min(seen.length, magic.length);
  return length > 0 && magic.compare(seen, 0, length, 0, length) === 0;
}
