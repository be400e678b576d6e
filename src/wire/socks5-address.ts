import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { normaliseHost } from "./authority.ts";
import type { Decoded } from "./decoded.ts";
import { decodeUtf8 } from "./utf8.ts";

/*
 * bytes      meaning (RFC 1928 §5)
 * 1          kind: 01 IPv4, 03 name, 04 IPv6
 * 4, 1+n, 16 address; a name after its length, without a zero byte
 * 2          port
 */
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/**
 * Reads the address at `offset`, its host normalised; undefined while bytes are missing. Port 0 is let pass.
 * Throws ERR_SOCKS_ADDRESS_TYPE for an unknown kind and ERR_REQUEST_TARGET for a name that is none.
 */
export function decodeSocks5Address(bytes: Uint8Array, offset: number): Decoded<HostPort> | undefined {
  const kind = bytes[offset];
  if (kind === undefined) return undefined;
  const start = kind === NAME ? offset + 2 : offset + 1;
  const hostLength = hostLengthOf(kind, bytes[offset + 1]);
  if (hostLength === undefined) return undefined;
  const end = start + hostLength;
  const [high, low] = bytes.subarray(end, end + 2);
  if (high === undefined || low === undefined) return undefined;
  const host = decodeHost(kind, bytes.subarray(start, end));
  return { value: { host, port: high * 256 + low }, length: end + 2 - offset };
}

/** Writes an address, an IP address as such and all else as a name; throws ERR_REQUEST_TARGET for a malformed host. */
export function encodeSocks5Address(address: HostPort): Uint8Array {
  const host = normaliseHost(address.host);
  const port = [address.port >> 8, address.port & 0xff];
  if (/^[0-9.]+$/.test(host)) return Uint8Array.of(IPV4, ...host.split(".").map(Number), ...port);
  if (!host.includes(":")) return Uint8Array.of(NAME, host.length, ...Buffer.from(host), ...port);
  const [before = "", after] = host.split("::");
  const left = groups(before);
  const right = after === undefined ? [] : groups(after);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  const ip = [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]);
  return Uint8Array.of(IPV6, ...ip, ...port);
}

/** Reads a name as SOCKS carries it, UTF-8 in bytes, and normalises it; throws ERR_REQUEST_TARGET. */
export function decodeSocksName(bytes: Uint8Array): string {
  const name = decodeUtf8(bytes);
  if (name === undefined) throw new BywayError("ERR_REQUEST_TARGET", "the target's name is not UTF-8");
  return normaliseHost(name);
}

function hostLengthOf(kind: number, nameLength: number | undefined): number | undefined {
  if (kind === IPV4) return 4;
  if (kind === IPV6) return 16;
  if (kind === NAME) return nameLength;
  throw new BywayError("ERR_SOCKS_ADDRESS_TYPE", `an address of the unknown kind ${kind} was sent`);
}

function decodeHost(kind: number, bytes: Uint8Array): string {
  if (kind === IPV4) return bytes.join(".");
  if (kind === NAME) return decodeSocksName(bytes);
  const hex = Buffer.from(bytes).toString("hex");
  return normaliseHost(hex.replaceAll(/(.{4})(?!$)/g, "$1:"));
}

function groups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
