import type { HostPort } from "./network-address.ts";

// IPv4 addresses inside IPv6 ones: ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2). Sockets and programs of both families write them.

const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** The IPv4 address in the bytes of an IPv4-mapped one; other addresses as they are. */
export function unmappedBytes(bytes: Uint8Array): Uint8Array {
  const isMapped =
    bytes.length === 16 &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff &&
    bytes.subarray(0, 10).every((byte) => byte === 0);
  return isMapped ? bytes.subarray(12) : bytes;
}

/** An address in the spelling of `normaliseHost`, with the IPv4 address in place of an IPv4-mapped one; others as they are. */
export function withoutMapping(address: HostPort): HostPort {
  const [, high, low] = MAPPED.exec(address.host) ?? [];
  if (high === undefined || low === undefined) return address;
  const numbers = [high, low].flatMap((text) => {
    const half = Number.parseInt(text, 16);
    return [half >> 8, half & 0xff];
  });
  return { host: numbers.join("."), port: address.port };
}

/** An IP address as a socket shows it; an IPv4 address on a socket of IPv6 without the `::ffff:` before it. */
export function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
