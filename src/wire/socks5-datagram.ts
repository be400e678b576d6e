import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { decodeSocks5Address, encodeSocks5Address } from "./socks5-address.ts";

/** A datagram between a SOCKS5 client and server. */
export interface Socks5Datagram {
  /** 0 for a whole datagram; all else is a fragment, which a server that does not reassemble drops (RFC 1928 §7). */
  readonly fragment: number;
  /** Where it goes, or on the way back where it came from; the host is normalised. */
  readonly address: HostPort;
  /** A view of the bytes that were read. */
  readonly payload: Uint8Array;
}

/*
 * bytes  meaning (RFC 1928 §7)
 * 2      reserved, 00 00
 * 1      fragment
 * …      address (socks5-address.ts)
 * rest   payload
 */

/** Reads a datagram. Throws ERR_REQUEST_MALFORMED, ERR_SOCKS_ADDRESS_TYPE or ERR_REQUEST_TARGET: drop it then. */
export function decodeSocks5Datagram(bytes: Uint8Array): Socks5Datagram {
  const fragment = bytes[2];
  const address = decodeSocks5Address(bytes, 3);
  if (fragment === undefined || address === undefined) {
    throw new BywayError("ERR_REQUEST_MALFORMED", "a SOCKS datagram is cut short");
  }
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    throw new BywayError("ERR_REQUEST_MALFORMED", "a SOCKS datagram does not begin with two zero bytes");
  }
  if (address.value.port === 0) throw new BywayError("ERR_REQUEST_TARGET", "the target's port is 0");
  return { fragment, address: address.value, payload: bytes.subarray(3 + address.length) };
}

/** Writes a whole datagram; throws ERR_REQUEST_TARGET for a malformed host. */
export function encodeSocks5Datagram(address: HostPort, payload: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Uint8Array.of(0, 0, 0), encodeSocks5Address(address), payload]));
}
