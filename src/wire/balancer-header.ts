/*
 * What a balancer puts before a stream, and a server that expects it skips (the PROXY protocol, versions 1 and 2):
 *
 *   "PROXY " … CRLF, at most 107 bytes
 *   0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a | 2x | family | length 2 | addresses and more, of that length
 */
const TEXT: Buffer = Buffer.from("PROXY ");
const MAGIC: Buffer = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const MAGIC_HEADER = 16;
/** A server may read longer lines than there are. */
const LONGEST_TEXT = 512;

/** The length of the PROXY header that a stream begins with; 0 for none. "more" while it may have one that is not over. */
export function balancerHeaderBytes(seen: Buffer): number | "more" {
  if (begins(seen, TEXT)) {
    if (seen.length < TEXT.length) return "more";
    const end = seen.indexOf("\n", TEXT.length);
    if (end >= 0) return end < LONGEST_TEXT ? end + 1 : 0;
    return seen.length < LONGEST_TEXT ? "more" : 0;
  }
  // A few empty lines alone are no header.
  if (!begins(seen, MAGIC)) return 0;
  if (seen.length < MAGIC_HEADER) return "more";
  const bytes = MAGIC_HEADER + seen.readUInt16BE(14);
  return seen.length < bytes ? "more" : bytes;
}

function begins(seen: Buffer, magic: Buffer): boolean {
  const length = Math.min(seen.length, magic.length);
  return length > 0 && magic.compare(seen, 0, length, 0, length) === 0;
}
