import { parseIp } from "../core/ip-address.ts";

const IPV6_FIRST = 1n << 128n;

/** An address as one number that sorts as addresses do: IPv4 as its 32 bits, IPv6 as its 128 above all of these. */
export type AddressKey = number | bigint;

/** The key of an address of 4 or 16 bytes. */
export function addressKey(bytes: Uint8Array): AddressKey {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return view.getUint32(0);
  return IPV6_FIRST | (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

/** Whether a key is one of IPv6. */
export function isIpv6Key(key: AddressKey): boolean {
  return typeof key === "bigint";
}

/**
 * The key of an address in text: dotted or colon form, or a decimal number, which is read as IPv6 where `isIpv6` says so.
 * Undefined for anything else.
 */
export function readAddressKey(text: string, isIpv6: boolean): AddressKey | undefined {
  if (/^\d{1,39}$/.test(text)) {
    const number = BigInt(text);
    if (isIpv6) return number < IPV6_FIRST ? number | IPV6_FIRST : undefined;
    return number < 2n ** 32n ? Number(number) : undefined;
  }
  const parsed = parseIp(text);
  return parsed === undefined ? undefined : addressKey(parsed.bytes);
}
