/** What follows a ClientHello in its stream. */
export type AfterHello =
  /** It can be told only with more bytes. */
  | "more"
  /** The handshake goes on without a second hello. */
  | "none"
  /** A second hello begins here (RFC 8446 §4.1.4). */
  | "hello"
  /** A record that may stand before it, of so many bytes; they need not all be there. */
  | number;

const CHANGE_CIPHER_SPEC = 0x14;
const HANDSHAKE = 0x16;
const APPLICATION_DATA = 0x17;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
/** A shorter record is not encrypted. */
const TELLING_BYTES = 4;

/**
 * Reads the record that follows a client's hello, or what stands between it and a second one: a change of cipher, a warning,
 * early data if it was offered. OpenSSL goes by the name in the second hello.
 *
 * Encrypted handshake records of TLS 1.2 are told from hellos by their first two bytes: of 65,536 one is taken for a hello.
 */
export function readAfterHello(seen: Buffer, offeredEarlyData: boolean): AfterHello {
  const type = seen[0];
  if (type === undefined) return "more";
  if (type < CHANGE_CIPHER_SPEC || type > APPLICATION_DATA) return "none";
  if (type === APPLICATION_DATA && !offeredEarlyData) return "none";
  if (seen.length < RECORD_HEADER) return "more";
  const length = seen.readUInt16BE(3);
  const bytes = RECORD_HEADER + length;
  if (type !== HANDSHAKE || length === 0) return bytes;
  if (seen.length < RECORD_HEADER + 1) return "more";
  if (seen[RECORD_HEADER] !== CLIENT_HELLO) return "none";
  if (length < TELLING_BYTES) return "hello";
  if (seen.length < RECORD_HEADER + TELLING_BYTES) return "more";
  return seen[RECORD_HEADER + 1] === 0 ? "hello" : "none";
}
