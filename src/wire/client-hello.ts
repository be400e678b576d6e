import { WIRE_LIMITS } from "./limits.ts";

/**
 * What the first bytes of a stream say of the server that it asks for. "more": it may be a ClientHello, and can be read only
 * once `least` bytes are there. "none": no ClientHello, one without a name, or one that a server refuses as well.
 */
export type ServerName =
  | { readonly found: "more"; readonly least: number }
  | { readonly found: "none" }
  | { readonly found: "name"; readonly name: string };

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
const HANDSHAKE = 0x16;
const MAJOR_VERSION = 3;
const RECORD_HEADER = 5;
const RECORD_BYTES = 16_384;
const CLIENT_HELLO = 1;
const MESSAGE_HEADER = 4;
const BEFORE_SESSION_ID = 2 + 32;
const SERVER_NAME = 0;
const HOST_NAME = 0;

const NONE = { found: "none" } as const;

/**
 * Reads the server_name of a TLS ClientHello from the first bytes of a stream, as it stands there: neither folded nor checked
 * beyond its letters. Only the whole hello answers, since a name that comes twice counts as none.
 *
 * Where Encrypted ClientHello is used the name is that of the outer hello. QUIC's hello is not read. Throws nothing. `least`
 * may be beyond `maxFirstBytes`: then the hello is longer than anybody's.
 */
export function readServerName(bytes: Uint8Array): ServerName {
  const hello = readHello(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return typeof hello === "string"
    ? NONE
    : "body" in hello
      ? nameIn(hello.body)
      : { found: "more", least: hello.least };
}

/** The hello without its header, put together from its records, or how many bytes it takes at least to have it. */
function readHello(seen: Buffer): { readonly body: Buffer } | { readonly least: number } | "none" {
  const parts: Buffer[] = [];
  let [at, have] = [0, 0];
  let wanted: number | undefined;
  while (at < seen.length) {
    if (seen[at] !== HANDSHAKE || (seen[at + 1] ?? MAJOR_VERSION) !== MAJOR_VERSION) return "none";
    if (at + RECORD_HEADER > seen.length) break;
    const length = seen.readUInt16BE(at + 3);
    if (length > RECORD_BYTES) return "none";
    at += RECORD_HEADER;
    const part = seen.subarray(at, at + length);
    at += length;
    if (have === 0 && part.length > 0 && part[0] !== CLIENT_HELLO) return "none";
    parts.push(part);
    have += part.length;
    if (wanted === undefined && have >= MESSAGE_HEADER) {
      wanted = MESSAGE_HEADER + joined(parts).readUIntBE(1, 3);
    }
    if (wanted !== undefined && have >= wanted) return { body: joined(parts).subarray(MESSAGE_HEADER, wanted) };
  }
  // Each record that is still to come adds a header to it.
  return { least: seen.length + Math.max(1, (wanted ?? MESSAGE_HEADER) - have) };
}

function joined(parts: readonly Buffer[]): Buffer {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Buffer.concat(parts);
}

function nameIn(body: Buffer): ServerName {
  let at = BEFORE_SESSION_ID;
  at += 1 + (body[at] ?? 0);
  at += 2 + uint16(body, at);
  at += 1 + (body[at] ?? 0);
  const end = at + 2 + uint16(body, at);
  // What is behind the extensions, or has none, is as little a hello of today as one that is cut short.
  if (at + 2 > body.length || end !== body.length) return NONE;
  at += 2;
  let name: string | undefined;
  let isSeen = false;
  while (at + 4 <= end) {
    const type = uint16(body, at);
    const length = uint16(body, at + 2);
    at += 4;
    if (at + length > end) return NONE;
    if (type === SERVER_NAME) {
      if (isSeen) return NONE;
      isSeen = true;
      name = hostName(body.subarray(at, at + length));
    }
    at += length;
  }
  return at === end && name !== undefined ? { found: "name", name } : NONE;
}

/** The one name of the list; undefined for a list of none, of several, and of what is no host name. */
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
