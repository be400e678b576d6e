import type { HostPort } from "../core/network-address.ts";
import { SOCKS5_VERSION, type Socks5Command, type Socks5Credentials } from "./socks5.ts";
import { encodeSocks5Address } from "./socks5-address.ts";

const CODES: Readonly<Record<Socks5Command, number>> = { connect: 1, bind: 2, "udp-associate": 3 };

/** What a client opens with: the methods that it offers, at most 255 (RFC 1928 §3). */
export function encodeSocks5Greeting(methods: readonly number[]): Uint8Array {
  return Uint8Array.of(SOCKS5_VERSION, methods.length, ...methods);
}

/** A client's user name and password, each at most 255 bytes (RFC 1929 §2); text is written as UTF-8. */
export function encodeSocks5Credentials({
  user,
  password,
}: Readonly<Record<keyof Socks5Credentials, string | Uint8Array>>): Uint8Array {
  const name = bytesOf(user);
  const secret = bytesOf(password);
  return Uint8Array.of(1, name.length, ...name, secret.length, ...secret);
}

/** A client's request (RFC 1928 §4). */
export function encodeSocks5Request(command: Socks5Command, target: HostPort): Uint8Array {
  return Uint8Array.of(SOCKS5_VERSION, CODES[command], 0, ...encodeSocks5Address(target));
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? Buffer.from(text) : text;
}
