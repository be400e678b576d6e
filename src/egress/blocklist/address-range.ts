import { parseIp } from "../../core/ip-address.ts";
import { normaliseHost } from "../../wire/authority.ts";

/** A range of addresses of one family: 1 number of 32 bits for each end, or 4. */
export interface AddressRange {
  readonly first: Uint32Array;
  readonly last: Uint32Array;
}

/** An IP address as 1 or 4 numbers of 32 bits; undefined for anything else, and for addresses with a zone. */
export function addressWords(text: string): Uint32Array | undefined {
  const parsed = parseIp(text);
  if (parsed === undefined || parsed.zone !== undefined) return undefined;
  const { bytes } = parsed;
  const words = new Uint32Array(bytes.length / 4);
  for (const [i, byte] of bytes.entries()) words[i >> 2] = ((words[i >> 2] ?? 0) << 8) | byte;
  return words;
}

/**
 * Reads `192.0.2.7`, `192.0.2.0/24`, `192.0.2.0-192.0.2.9` or the same of IPv6, with or without brackets around each address or
 * around it all, as policies and URLs have them; bits of hosts are dropped. Undefined otherwise.
 */
export function parseAddressRange(text: string): AddressRange | undefined {
  if (text.includes("[")) return parsePlainRange(withoutBrackets(text));
  return parsePlainRange(text);
}

function withoutBrackets(text: string): string {
  const [, whole] = /^\[([^[\]]+)\]$/.exec(text) ?? [];
  return whole ?? text.replaceAll(/\[([^[\]]+)\](?=$|\/|\s*-)/g, "$1");
}

function parsePlainRange(text: string): AddressRange | undefined {
  const [, start = "", slash, end] =
    /^([0-9a-fA-F:.]+)(?:(?:\/(\d{1,3}))|(?:\s*-\s*([0-9a-fA-F:.]+)))?$/.exec(text) ?? [];
  const words = addressWords(start);
  if (words === undefined) return undefined;
  if (end !== undefined) return rangeOf(words, addressWords(end));
  const bits = slash === undefined ? words.length * 32 : Number(slash);
  return bits > words.length * 32 ? undefined : block(words, bits);
}

/** The range from `first` to `last`; undefined where they are of two families, or the wrong way round. */
export function rangeOf(first: Uint32Array | undefined, last: Uint32Array | undefined): AddressRange | undefined {
  if (first === undefined || last === undefined || first.length !== last.length) return undefined;
  for (const [i, word] of first.entries()) {
    const other = last[i] ?? 0;
    if (word < other) break;
    if (word > other) return undefined;
  }
  return { first, last };
}

/** A range in words: an address, a block (`192.0.2.0/24`) where it is one, or `first-last`. */
export function rangeText({ first, last }: AddressRange): string {
  const bits = commonBits(first, last);
  const whole = block(first, bits);
  const isBlock = first.every((word, i) => word === whole.first[i]) && last.every((word, i) => word === whole.last[i]);
  if (!isBlock) return `${addressText(first)}-${addressText(last)}`;
  return bits === first.length * 32 ? addressText(first) : `${addressText(first)}/${bits}`;
}

function block(address: Uint32Array, bits: number): AddressRange {
  const hosts = address.map((_, i) => {
    const fixedBits = Math.min(32, Math.max(0, bits - i * 32));
    return fixedBits === 32 ? 0 : 0xffffffff >>> fixedBits;
  });
  return {
    first: address.map((word, i) => word & ~(hosts[i] ?? 0)),
    last: address.map((word, i) => word | (hosts[i] ?? 0)),
  };
}

function commonBits(first: Uint32Array, last: Uint32Array): number {
  const at = first.findIndex((word, i) => word !== last[i]);
  return at === -1 ? first.length * 32 : at * 32 + Math.clz32((first[at] ?? 0) ^ (last[at] ?? 0));
}

function addressText(words: Uint32Array): string {
  const [word = 0] = words;
  if (words.length === 1) return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join(".");
  const halves = [...words].flatMap((each) => [each >>> 16, each & 0xffff]);
  return normaliseHost(halves.map((half) => half.toString(16)).join(":"));
}
