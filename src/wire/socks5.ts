import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Decoded } from "./decoded.ts";
import { decodeSocks5Address, encodeSocks5Address } from "./socks5-address.ts";

/** The first byte of everything in SOCKS5. */
export const SOCKS5_VERSION = 5;

/** Ways to authenticate (RFC 1928 §3). */
export const SOCKS5_METHODS = { none: 0, userPassword: 2, noneAcceptable: 0xff } as const;

/** What a client asks for (RFC 1928 §4). */
export type Socks5Command = "connect" | "bind" | "udp-associate";

/** A client's request; `target.host` is normalised. The port is 0 in a `udp-associate` only. */
export interface Socks5Request {
  readonly command: Socks5Command;
  readonly target: HostPort;
}

/** A user name and password as they were sent; either may be empty, and which letters they are the protocol does not say. */
export interface Socks5Credentials {
  readonly user: Uint8Array;
  readonly password: Uint8Array;
}

const COMMANDS: Readonly<Record<number, Socks5Command>> = { 1: "connect", 2: "bind", 3: "udp-associate" };
const AUTH_VERSION = 1;
const ANY_ADDRESS: HostPort = { host: "0.0.0.0", port: 0 };

/*
 * Client's greeting (RFC 1928 §3)   05 | n | n methods
 * Server's choice                   05 | method, ff for none of them
 */

/** Reads a greeting: the methods that the client offers. Undefined while bytes are missing; ERR_REQUEST_MALFORMED. */
export function decodeSocks5Greeting(bytes: Uint8Array): Decoded<readonly number[]> | undefined {
  expectVersion(bytes[0], SOCKS5_VERSION);
  const count = bytes[1];
  if (count === undefined || bytes.length < 2 + count) return undefined;
  return { value: [...bytes.subarray(2, 2 + count)], length: 2 + count };
}

/** Writes the server's choice of one of `SOCKS5_METHODS`. */
export function encodeSocks5Method(method: number): Uint8Array {
  return Uint8Array.of(SOCKS5_VERSION, method);
}

/*
 * User name and password (RFC 1929 §2)   01 | n | n bytes | m | m bytes
 * Server's status                        01 | 00 for success
 */

/** Reads a user name and password, copies of the bytes. Undefined while bytes are missing; ERR_REQUEST_MALFORMED. */
export function decodeSocks5Credentials(bytes: Uint8Array): Decoded<Socks5Credentials> | undefined {
  expectVersion(bytes[0], AUTH_VERSION);
  const user = takeBytes(bytes, 1);
  const password = user === undefined ? undefined : takeBytes(bytes, 1 + user.length);
  if (user === undefined || password === undefined) return undefined;
  return { value: { user: user.value, password: password.value }, length: 1 + user.length + password.length };
}

/** Writes the status of an authentication; after `false` the connection has to be closed. */
export function encodeSocks5AuthStatus(accepted: boolean): Uint8Array {
  return Uint8Array.of(AUTH_VERSION, accepted ? 0 : 1);
}

/*
 * Request (RFC 1928 §4)   05 | command | 00 | address (socks5-address.ts)
 * Reply (§6)              05 | reply   | 00 | address that the server uses
 */

/**
 * Reads a request. Undefined while bytes are missing. Throws ERR_REQUEST_MALFORMED, ERR_SOCKS_COMMAND,
 * ERR_SOCKS_ADDRESS_TYPE or ERR_REQUEST_TARGET, whose rows hold the reply to send.
 */
export function decodeSocks5Request(bytes: Uint8Array): Decoded<Socks5Request> | undefined {
  expectVersion(bytes[0], SOCKS5_VERSION);
  // The reserved third byte is not looked at: nothing depends on it, and old clients leave something in it.
  const code = bytes[1];
  if (code === undefined) return undefined;
  const command = COMMANDS[code];
  if (command === undefined) throw new BywayError("ERR_SOCKS_COMMAND", `the unknown SOCKS command ${code} was sent`);
  const address = decodeSocks5Address(bytes, 3);
  if (address === undefined) return undefined;
  if (address.value.port === 0 && command !== "udp-associate") {
    throw new BywayError("ERR_REQUEST_TARGET", "the target's port is 0");
  }
  return { value: { command, target: address.value }, length: 3 + address.length };
}

/** Writes a reply: 0 for success or the `socks` column of the error table, and the address bound (0.0.0.0:0 if none). */
export function encodeSocks5Reply(reply: number, bound: HostPort = ANY_ADDRESS): Uint8Array {
  return Uint8Array.of(SOCKS5_VERSION, reply, 0, ...encodeSocks5Address(bound));
}

function expectVersion(byte: number | undefined, version: number): void {
  if (byte === undefined || byte === version) return;
  throw new BywayError("ERR_REQUEST_MALFORMED", `a SOCKS message begins with ${byte} and not with ${version}`);
}

function takeBytes(bytes: Uint8Array, offset: number): Decoded<Uint8Array> | undefined {
  const length = bytes[offset];
  if (length === undefined || bytes.length < offset + 1 + length) return undefined;
  return { value: Uint8Array.from(bytes.subarray(offset + 1, offset + 1 + length)), length: 1 + length };
}
