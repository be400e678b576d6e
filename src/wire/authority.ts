import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { WIRE_LIMITS } from "./limits.ts";

/**
 * The one spelling of a host, as the WHATWG URL host parser gives it; every way into Byway comes through here.
 *
 * Names: UTS #46 to ASCII, lower case, one trailing dot dropped; letters, digits, `-` and `_` only.
 * IPv4: every spelling that a browser or `inet_aton` takes (`127.1`, `0x7f.1`, `2130706433`) as four decimal numbers.
 * IPv6: compressed (RFC 5952 §4), without brackets; accepted with and without them.
 * Throws ERR_REQUEST_TARGET for all else: zone ids, user info, ports, percent-encoding, spaces, control characters.
 */
export function normaliseHost(host: string): string {
  if (host.length === 0 || host.length > WIRE_LIMITS.maxHostBytes.value) throw malformed("host is empty or too long");
  if (host.includes(":")) return normaliseIpv6(host);
  // What the URL parser would take for something else than a part of the host, or decode, or drop unseen.
  if (/[\p{Cc}\p{Cs}\s%@/\\?#[\]]/u.test(host)) throw malformed("host holds a character that no host has");
  const ascii = parseHost(host).replace(/\.$/, "");
  // Narrower than the URL parser, which lets pass quotes, commas and semicolons.
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(ascii)) throw malformed("host is neither a name nor an address");
  if (ascii.length > WIRE_LIMITS.maxNameBytes.value) throw malformed("host name is too long");
  if (ascii.split(".").some((label) => label.length > WIRE_LIMITS.maxLabelBytes.value)) {
    throw malformed("host name has a part of more than 63 characters");
  }
  return ascii;
}

/**
 * Reads `host:port` or `[IPv6]:port` (RFC 9110 §7.2, RFC 3986 §3.2), as in CONNECT, and normalises the host.
 * The port (1-65535, no leading zero) is required. Throws ERR_REQUEST_TARGET.
 */
export function parseAuthority(text: string): HostPort {
  const match = /^(\[[^\]]*\]|[^:[\]]*):([1-9][0-9]{0,4})$/.exec(text);
  const host = match?.[1];
  const port = Number(match?.[2]);
  if (host === undefined || !(port <= 65_535))
    throw new BywayError("ERR_REQUEST_TARGET", "the target is not of the form host:port");
  return { host: normaliseHost(host), port };
}

function normaliseIpv6(host: string): string {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  if (!/^[0-9a-fA-F:.]+$/.test(bare))
    throw malformed("host has a colon and is no IPv6 address: give the host alone, without scheme and port");
  return parseHost(`[${bare}]`).slice(1, -1);
}

function parseHost(host: string): string {
  const url = URL.parse(`http://${host}/`);
  if (url === null) throw malformed("host is neither a name nor an address");
  return url.hostname;
}

function malformed(what: string): BywayError {
  return new BywayError("ERR_REQUEST_TARGET", `the target's ${what}`);
}
