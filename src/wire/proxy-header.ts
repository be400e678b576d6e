import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { parseAuthority } from "./authority.ts";
import type { Decoded } from "./decoded.ts";
import { WIRE_LIMITS } from "./limits.ts";

/*
 * "The PROXY protocol", HAProxy, version 1 (§2.1), in front of the bytes of a connection:
 *
 *     PROXY TCP4|TCP6 <source address> <destination address> <source port> <destination port> CR LF
 */
const FORM = /^PROXY (?:TCP4 [0-9.]+ [0-9.]+|TCP6 [0-9a-f:.]+ [0-9a-f:.]+) \d{1,5} \d{1,5}\r\n$/;

/** Writes the header of a connection from `source` to `destination`: IP addresses of one family. */
export function encodeProxyHeader(source: HostPort, destination: HostPort): Uint8Array {
  const family = source.host.includes(":") ? "TCP6" : "TCP4";
  const line = `PROXY ${family} ${source.host} ${destination.host} ${source.port} ${destination.port}\r\n`;
  decodeProxyHeader(Buffer.from(line));
  return Buffer.from(line);
}

/** Reads where a connection comes from. Undefined while bytes are missing; throws ERR_REQUEST_MALFORMED. */
export function decodeProxyHeader(bytes: Uint8Array): Decoded<HostPort> | undefined {
  const most = WIRE_LIMITS.maxProxyHeaderBytes.value;
  const end = bytes.subarray(0, most).indexOf(0x0a);
  if (end === -1 && bytes.length < most) return undefined;
  const line = Buffer.from(bytes.subarray(0, end + 1)).toString("latin1");
  const [, , host = "", , port = ""] = FORM.test(line) ? line.split(" ") : [];
  try {
    const value = parseAuthority(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
    if (value.host === host) return { value, length: end + 1 };
  } catch {
    // Told below.
  }
  throw new BywayError("ERR_REQUEST_MALFORMED", "a connection begins with no PROXY header");
}
