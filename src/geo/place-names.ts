import { foldName } from "./fold-name.ts";
import { knownRegion } from "./region-codes.ts";

/** Where something is, as far as regions go. */
export interface RegionOf {
  /** ISO 3166-1 alpha-2, lower case. */
  readonly country?: string | undefined;
  /** A name or a code, however it is spelt. */
  readonly region?: string | undefined;
  /** The part of ISO 3166-2 behind the country, where it is known beside the name. */
  readonly regionCode?: string | undefined;
}

/** The most prefixes of one provider's name. */
const MOST_PREFIXES = 6;

/**
 * What a region is called, folded and without its country: at most two, the name before the code. Where only one of them
 * is given, the other comes from a table of the states and provinces that are mostly asked for by code.
 */
export function regionNames({ country = "", region = "", regionCode = "" }: RegionOf): readonly string[] {
  const folded = foldName(region === "" ? regionCode : region);
  if (folded === "") return [];
  const isPrefixed = country !== "" && folded.startsWith(country) && folded.length > country.length;
  const rest = isPrefixed ? folded.slice(country.length) : folded;
  const known = knownRegion(country, folded) ?? knownRegion(country, rest);
  // `us-ca` is the whole code of ISO 3166-2; `ushuaia` is no region of the United States.
  const name = known?.name ?? (rest.length <= LONGEST_CODE ? rest : folded);
  const code = regionCode === "" ? known?.code : foldName(regionCode);
  return code === undefined || code === name ? [name] : [name, code];
}

/**
 * Whether somebody who wants `wanted` means this region: by name or by code, in any spelling, with or without the country
 * before it (`california`, `ca`, `us ca`, `us_california`).
 */
export function regionMatches(wanted: string, place: RegionOf): boolean {
  const folded = foldName(wanted);
  const { country } = place;
  return regionNames(place).some((name) => folded === name || (country !== undefined && folded === country + name));
}

/**
 * What a provider may be asked for by: the folded name up to each of its first words, and the whole; at most 6, each longer
 * than the one before. `Comcast Cable, LLC` gives `comcast`, `comcastcable` and `comcastcablellc`.
 */
export function ispPrefixes(name: string): readonly string[] {
  const prefixes: string[] = [];
  let prefix = "";
  // What stands in brackets has spaces of its own and falls away as a whole.
  for (const word of name.replaceAll(/\([^)]*\)|\[[^\]]*\]/g, " ").split(/[\s,;/]+/)) {
    const folded = foldName(word);
    if (folded === "") continue;
    prefix += folded;
    if (prefixes.length < MOST_PREFIXES) prefixes.push(prefix);
    else prefixes[MOST_PREFIXES - 1] = prefix;
  }
  return prefixes;
}

/** Whether somebody who wants `wanted` means the provider of that name. */
export function ispMatches(wanted: string, name: string): boolean {
  return ispPrefixes(name).includes(foldName(wanted));
}

/** Codes behind the country have one to three letters or digits (ISO 3166-2). */
const LONGEST_CODE = 3;
