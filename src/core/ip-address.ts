import { isIPv4, isIPv6 } from "node:net";

/** An IP address as the network sees it: 4 or 16 bytes, big-endian, and the zone id if one was written (RFC 4007 §11). */
export interface ParsedIp {
  readonly bytes: Uint8Array;
  readonly zone: string | undefined;
}

/**
 * Reads one IP address in text form: dotted-quad IPv4, or IPv6 in any case, compressed or not, with or without a
 * dotted-quad tail and zone id (RFC 4291 §2.2, RFC 4007 §11). Undefined for anything else, such as `127.1`.
 */
export function parseIp(text: string): ParsedIp | undefined {
  if (isIPv4(text)) return { bytes: Uint8Array.from(text.split("."), Number), zone: undefined };
  if (!isIPv6(text)) return undefined;
  const percent = text.indexOf("%");
  return percent < 0
    ? { bytes: ipv6Bytes(text), zone: undefined }
    : { bytes: ipv6Bytes(text.slice(0, percent)), zone: text.slice(percent + 1) };
}

/** A key that is equal for all spellings of one address (zone id left out), or undefined when `text` is no IP address. */
export function ipKey(text: string): string | undefined {
  const parsed = parseIp(text);
  return parsed === undefined ? undefined : Buffer.from(parsed.bytes).toString("hex");
}

/** Whether the first `bits` bits of two addresses of one family are the same; false across families. */
export function sharesPrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  if (a.length !== b.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (((a[whole] ?? 0) ^ (b[whole] ?? 0)) & (0xff00 >> rest) & 0xff) === 0;
}

// `text` has passed isIPv6, so there is at most one "::" and every group is well formed.
function ipv6Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const [head = "", tail] = text.split("::");
  const front = groupBytes(head);
  bytes.set(front, 0);
  if (tail !== undefined) {
    const back = groupBytes(tail);
    bytes.set(back, 16 - back.length);
  }
  return bytes;
}

function groupBytes(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
