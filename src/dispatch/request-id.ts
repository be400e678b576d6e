import type { Random } from "../core/random.ts";

/** Crockford's base32 (crockford.com/base32.html): no I, L, O and U, so that an id can be read out. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 12;

/** A name for a request: 12 characters, 60 bits of chance. */
export function makeRequestId(random: Random): string {
  return Array.from(random.bytes(LENGTH), (byte) => ALPHABET.charAt(byte & 31)).join("");
}

/** The id that somebody wrote, whatever its case, with O for 0 and I or L for 1; undefined for what is none. */
export function readRequestId(text: string): string | undefined {
  // Without `u`, so that letters which only fold into these are none.
  if (!/^[0-9a-tv-z]{12}$/i.test(text)) return undefined;
  return text.toUpperCase().replaceAll("O", "0").replaceAll(/[IL]/g, "1");
}
