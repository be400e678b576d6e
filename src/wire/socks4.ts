import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Decoded } from "./decoded.ts";
import { WIRE_LIMITS } from "./limits.ts";
import { decodeSocksName } from "./socks5-address.ts";

/** The first byte of a SOCKS4 request. */
export const SOCKS4_VERSION = 4;

/** Replies: granted; refused or failed; refused because of the user id. */
export const SOCKS4_REPLIES = { granted: 0x5a, refused: 0x5b, userId: 0x5d } as const;

/** A client's request; `target.host` is normalised. */
export interface Socks4Request {
  readonly command: "connect" | "bind";
  readonly target: HostPort;
  /** As it was sent; may be empty, and which letters it is the protocol does not say. */
  readonly userId: Uint8Array;
}

/*
 * Request                                       Reply
 * 1      04                                     1  00
 * 1      command: 01 connect, 02 bind           1  5a … 5d
 * 2      port                                   2  port
 * 4      IPv4 address; 0.0.0.x (x ≠ 0): 4a      4  address
 * n, 00  user id
 * n, 00  name, in SOCKS4a only
 */
const HEADER_BYTES = 8;

/**
 * Reads a SOCKS4 or SOCKS4a request. Undefined while bytes are missing.
 * Throws ERR_REQUEST_MALFORMED, ERR_REQUEST_TOO_LARGE, ERR_SOCKS_COMMAND or ERR_REQUEST_TARGET.
 */
export function decodeSocks4Request(bytes: Uint8Array): Decoded<Socks4Request> | undefined {
  const [version = SOCKS4_VERSION, code = 1, high = 0, low = 0, ...ip] = bytes.subarray(0, HEADER_BYTES);
  if (version !== SOCKS4_VERSION) {
    throw new BywayError("ERR_REQUEST_MALFORMED", `a SOCKS message begins with ${version} and not with 4`);
  }
  if (code !== 1 && code !== 2) {
    throw new BywayError("ERR_SOCKS_COMMAND", `the unknown SOCKS command ${code} was sent`);
  }
  const userId = takeString(bytes, HEADER_BYTES, WIRE_LIMITS.maxSocks4UserIdBytes.value);
  if (userId === undefined) return undefined;
  let length = HEADER_BYTES + userId.length;
  let host = ip.join(".");
  if (ip[0] === 0 && ip[1] === 0 && ip[2] === 0 && ip[3] !== 0) {
    const name = takeString(bytes, length, WIRE_LIMITS.maxHostBytes.value);
    if (name === undefined) return undefined;
    length += name.length;
    host = decodeSocksName(name.value);
  }
  const port = high * 256 + low;
  if (port === 0) throw new BywayError("ERR_REQUEST_TARGET", "the target's port is 0");
  const command = code === 1 ? "connect" : "bind";
  return { value: { command, target: { host, port }, userId: Uint8Array.from(userId.value) }, length };
}

/** Writes a reply, one of `SOCKS4_REPLIES`. Address and port mean something after `bind` only, and are zero. */
export function encodeSocks4Reply(reply: number): Uint8Array {
  return Uint8Array.of(0, reply, 0, 0, 0, 0, 0, 0);
}

function takeString(bytes: Uint8Array, offset: number, maxBytes: number): Decoded<Uint8Array> | undefined {
  const end = bytes.subarray(offset, offset + maxBytes + 1).indexOf(0);
  if (end >= 0) return { value: bytes.subarray(offset, offset + end), length: end + 1 };
  if (bytes.length <= offset + maxBytes) return undefined;
  throw new BywayError("ERR_REQUEST_TOO_LARGE", `a string of a SOCKS4 request is longer than ${maxBytes} bytes`);
}
