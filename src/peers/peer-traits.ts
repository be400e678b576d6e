import type { NetworkKind } from "../wire/advertisement.ts";
import { nameHash } from "./name-hash.ts";

/** What a peer is, as far as queries ask for it by words. */
interface Traits {
  readonly roles?: readonly string[];
  readonly protocols?: readonly string[];
  readonly network?: NetworkKind;
}

/*
 * bits    meaning
 * 0-2     relay, exit, bootstrap
 * 3-4     tcp, udp
 * 5-8     residential, mobile, hosting, unknown
 * 9-29    other words, and names of region and provider, each one of these by its hash
 */
const BITS: ReadonlyMap<string, number> = new Map(
  [
    ...["roles relay", "roles exit", "roles bootstrap", "protocols tcp", "protocols udp"],
    ...["residential", "mobile", "hosting", "unknown"],
  ].map((name, bit) => [name, 1 << bit]),
);
const FIRST_HASHED = 9;
const HASHED = 21;
const ISP_LETTERS = 2;

/**
 * A peer's roles, protocols and network as bits. One that has all of a query's words has all of its bits; the other way
 * round only where all words are known ones, since other words share bits.
 */
export function peerTraits({ roles = [], protocols = [], network }: Traits): number {
  let bits = network === undefined ? 0 : (BITS.get(network) ?? 0);
  for (const role of roles) bits |= bitOf("roles", role);
  for (const protocol of protocols) bits |= bitOf("protocols", protocol);
  return bits;
}

/** Whether a word has a bit for itself. */
export function isKnownWord(list: "roles" | "protocols", word: string): boolean {
  return BITS.has(`${list} ${word}`);
}

/** The bit of a region's folded name. A peer has those of all names of its region. */
export function regionTrait(folded: string): number {
  return bitOf("region", folded);
}

/**
 * The bit of a provider's folded name, which is that of every prefix of it: it comes from how the name begins. 0 where that
 * is too short to say, which then no peer may be left out for.
 */
export function ispTrait(folded: string): number {
  return folded.length < ISP_LETTERS ? 0 : bitOf("isp", folded.slice(0, ISP_LETTERS));
}

function bitOf(list: string, word: string): number {
  const name = `${list} ${word}`;
  return BITS.get(name) ?? 1 << (FIRST_HASHED + (nameHash(name) % HASHED));
}
