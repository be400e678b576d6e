import type { HostPort } from "../core/network-address.ts";

const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * An address in the spelling of `normaliseHost`, with the IPv4 address in place of the IPv6 one that only wraps it
 * (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2). Programs with one socket for both hand those to a proxy. All else stays as it is.
 */
export function withoutMapping(address: HostPort): HostPort {
  const [, high, low] = MAPPED.exec(address.host) ?? [];
  if (high === undefined || low === undefined) return address;
  const numbers = [high, low].flatMap((text) => {
    const half = Number.parseInt(text, 16);
    return [half >> 8, half & 0xff];
  });
  return { host: numbers.join("."), port: address.port };
}

/** An IP address as a socket shows it, as IPv4 where it is that although the socket is of IPv6. */
export function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
