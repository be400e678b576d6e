import { WIRE_LIMITS } from "./limits.ts";

/** What the bytes of a stream say of the server that they ask for. */
export type ClientHello =
  /** It may be a ClientHello. It can be read only once `least` bytes are there; `isBegun` once a record of a hello shows. */
  | { readonly found: "more"; readonly least: number; readonly isBegun: boolean }
  /** No server takes it for TLS. */
  | { readonly found: "none" }
  /** Some server may take it for a hello, and read another name in it than the next one does. */
  | { readonly found: "unclear" }
  | {
      readonly found: "hello";
      /** Undefined for a hello without server_name. */
      readonly name: string | undefined;
      /** Where the record ends in which the hello does. */
      readonly bytes: number;
      /** Whether a server may ask for a second hello (RFC 8446 §4.1.4). */
      readonly mayBeRetried: boolean;
      /** Whether records of early data may stand before that (RFC 8446 §4.2.10). */
      readonly offersEarlyData: boolean;
    };

/*
 * A record (RFC 8446 §5.1); the hello may go over several of them:
 *
 *   16 | 03 xx | length 2, at most 16,384 | part of the hello
 *
 * The hello (RFC 8446 §4, §4.1.2); its extensions may be absent:
 *
 *   01 | length 3 | version 2 | random 32 | length 1, session id | length 2, cipher suites
 *      | length 1, compression methods | length 2, extensions: (type 2 | length 2 | body)*
 *
 * The body of server_name, type 0 (RFC 6066 §3):
 *
 *   length 2 | (00 | length 2 | name in ASCII)
 */
const CHANGE_CIPHER_SPEC = 0x14;
const ALERT = 0x15;
const HANDSHAKE = 0x16;
const MAJOR_VERSION = 3;
/** Go takes a first record of any version below this. */
const MAJOR_VERSIONS = 0x10;
const RECORD_HEADER = 5;
const RECORD_BYTES = 16_384;
const CLIENT_HELLO = 1;
const MESSAGE_HEADER = 4;
const BEFORE_SESSION_ID = 2 + 32;
const SERVER_NAME = 0;
const EARLY_DATA = 42;
const SUPPORTED_VERSIONS = 43;
const HOST_NAME = 0;

const NONE = { found: "none" } as const;
const UNCLEAR = { found: "unclear" } as const;

/**
 * Reads a TLS ClientHello from the first bytes of a stream, with its server_name as it stands there: neither folded nor
 * checked beyond its letters. Only the whole hello answers.
 *
 * Where Encrypted ClientHello is used the name is that of the outer hello. QUIC's hello is not read. Throws nothing. `least`
 * may be beyond `maxFirstBytes`: then the hello is longer than anybody's.
 */
export function readClientHello(bytes: Uint8Array): ClientHello {
  const seen = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (seen[0] === HANDSHAKE && (seen[1] ?? MAJOR_VERSION) === MAJOR_VERSION) return readRecords(seen);
  return readOddStart(seen);
}

/**
 * Records that no client begins with and some servers read past, or in spite of their version: a warning, a change of
 * cipher, a hello of another major version. All else that begins so is another protocol.
 */
function readOddStart(seen: Buffer): ClientHello {
  const [type = HANDSHAKE, major = 0] = seen;
  if (type < CHANGE_CIPHER_SPEC || type > HANDSHAKE || major >= MAJOR_VERSIONS) return NONE;
  const least = RECORD_HEADER + 1;
  if (seen.length < least) return { found: "more", least, isBegun: false };
  const length = seen.readUInt16BE(3);
  if (type !== HANDSHAKE) return length === (type === ALERT ? 2 : 1) ? UNCLEAR : NONE;
  // An empty record says nothing by itself.
  return seen[RECORD_HEADER] === (length === 0 ? HANDSHAKE : CLIENT_HELLO) ? UNCLEAR : NONE;
}

function readRecords(seen: Buffer): ClientHello {
  const parts: Buffer[] = [];
  let [at, have] = [0, 0];
  let wanted: number | undefined;
  while (at < seen.length) {
    if (seen[at] !== HANDSHAKE || (seen[at + 1] ?? MAJOR_VERSION) !== MAJOR_VERSION) return UNCLEAR;
    if (at + RECORD_HEADER > seen.length) break;
    const length = seen.readUInt16BE(at + 3);
    if (length > RECORD_BYTES) return UNCLEAR;
    at += RECORD_HEADER;
    const part = seen.subarray(at, at + length);
    at += length;
    if (have === 0 && part.length > 0 && part[0] !== CLIENT_HELLO) return UNCLEAR;
    parts.push(part);
    have += part.length;
    if (wanted === undefined && have >= MESSAGE_HEADER) {
      wanted = MESSAGE_HEADER + joined(parts).readUIntBE(1, 3);
    }
    if (wanted !== undefined && have >= wanted) {
      // What follows in its record is a message that no client may send yet.
      return have === wanted && at <= seen.length ? readBody(joined(parts).subarray(MESSAGE_HEADER), at) : UNCLEAR;
    }
  }
  // Each record that is still to come adds a header to it.
  const least = seen.length + Math.max(1, (wanted ?? MESSAGE_HEADER) - have);
  return { found: "more", least, isBegun: have > 0 };
}

function joined(parts: readonly Buffer[]): Buffer {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
}

function readBody(body: Buffer, bytes: number): ClientHello {
  let at = BEFORE_SESSION_ID;
  at += 1 + (body[at] ?? 0);
  at += 2 + uint16(body, at);
  at += 1 + (body[at] ?? 0);
  if (at === body.length)
    return { found: "hello", name: undefined, bytes, mayBeRetried: false, offersEarlyData: false };
  const end = at + 2 + uint16(body, at);
  if (at + 2 > body.length || end !== body.length) return UNCLEAR;
  at += 2;
  let name: string | undefined;
  let [mayBeRetried, offersEarlyData] = [false, false];
  while (at + 4 <= end) {
    const type = uint16(body, at);
    const length = uint16(body, at + 2);
    at += 4;
    if (at + length > end) return UNCLEAR;
    if (type === SERVER_NAME) {
      if (name !== undefined) return UNCLEAR;
      name = hostName(body.subarray(at, at + length));
      if (name === undefined) return UNCLEAR;
    }
    if (type === SUPPORTED_VERSIONS) mayBeRetried = true;
    if (type === EARLY_DATA) offersEarlyData = true;
    at += length;
  }
  return at === end ? { found: "hello", name, bytes, mayBeRetried, offersEarlyData } : UNCLEAR;
}

/** The one name of the list; undefined for a list of none, of several, with one of another kind, and for what is no host name. */
function hostName(list: Buffer): string | undefined {
  const length = uint16(list, 3);
  if (uint16(list, 0) !== list.length - 2 || list[2] !== HOST_NAME || length !== list.length - 5) return undefined;
  if (length === 0 || length > WIRE_LIMITS.maxHostBytes.value) return undefined;
  for (let at = 5; at < list.length; at += 1) {
    const byte = list[at] ?? 0;
    if (byte <= 0x20 || byte >= 0x7f) return undefined;
  }
  return list.toString("latin1", 5);
}

/** 0 where the bytes end before it. */
function uint16(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
