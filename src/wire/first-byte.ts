/** What a connection to a node's port wants to speak. */
export type PortProtocol = "tls" | "multistream" | "http";

/*
 *   first byte                     speaks
 *   16                             a TLS handshake record (RFC 8446 §5.1): a link
 *   13                             the length of "/multistream/1.0.0\n" as varint: libp2p
 *   "C" "D" "G" "H" "O" "P" "T"    a method of HTTP/1.1 (RFC 9110 §9.3, RFC 5789)
 */
const TLS_HANDSHAKE = 0x16;
const MULTISTREAM_LENGTH = 0x13;
const METHOD_LETTERS: ReadonlySet<number> = new Set(Buffer.from("CDGHOPT"));

/** What a connection that begins with `byte` wants to speak (docs/protocol.md §2.6); undefined for anything else. */
export function protocolOfFirstByte(byte: number | undefined): PortProtocol | undefined {
  if (byte === TLS_HANDSHAKE) return "tls";
  if (byte === MULTISTREAM_LENGTH) return "multistream";
  return byte !== undefined && METHOD_LETTERS.has(byte) ? "http" : undefined;
}
