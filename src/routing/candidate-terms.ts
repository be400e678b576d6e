import { foldName } from "../geo/fold-name.ts";
import { ispPrefixes, regionNames } from "../geo/place-names.ts";
import type { Candidate } from "./candidate.ts";
import { ROUTING_LIMITS } from "./limits.ts";

/** Where the terms of each kind stand in the row of a candidate: the first place and how many there are. */
export const TERM_SLOTS = {
  country: [0, 1],
  asn: [1, 1],
  city: [2, 1],
  region: [3, 4],
  isp: [7, 7],
  exit: [14, 1],
  relay: [15, 1],
  knownExit: [16, 1],
  knownRelay: [17, 1],
  denied: [18, 1],
} as const;

/** What a posting list may be of. */
export type TermKind = keyof typeof TERM_SLOTS;

/** How many terms a candidate has at most. */
export const TERM_COUNT = 19;

/** The term under which candidates of a kind are listed; `name` is folded. */
export function term(kind: TermKind, name: string | number): string {
  return `${kind}/${name}`;
}

/** The terms of where a candidate stands, by which exits are looked for. */
export function placeTerms(candidate: Candidate): readonly (readonly [kind: TermKind, terms: readonly string[]])[] {
  const { country, region, regionCode, city, asn, isp } = candidate;
  return [
    ["country", country === undefined ? [] : [term("country", country)]],
    ["asn", asn === undefined ? [] : [term("asn", asn)]],
    ["city", city === undefined ? [] : cached(`city/${city}`, () => [term("city", foldName(city))])],
    [
      "region",
      region === undefined && regionCode === undefined
        ? []
        : cached(`region/${country}/${region}/${regionCode}`, () => regionTerms(candidate)),
    ],
    ["isp", isp === undefined ? [] : cached(`isp/${isp}`, () => ispPrefixes(isp).map((name) => term("isp", name)))],
  ];
}

/** `California` of the us: `california`, `ca`, `uscalifornia`, `usca`. */
function regionTerms({ country = "", region, regionCode }: Candidate): readonly string[] {
  const names = regionNames({ country, region, regionCode });
  return unique([...names, ...names.map((name) => country + name)].map((name) => term("region", name)));
}

function unique(terms: readonly string[]): readonly string[] {
  return [...new Set(terms)];
}

let folds = new Map<string, readonly string[]>();

/** Folding takes microseconds, and thousands of nodes stand in one place. */
function cached(key: string, make: () => readonly string[]): readonly string[] {
  const known = folds.get(key);
  if (known !== undefined) return known;
  if (folds.size >= ROUTING_LIMITS.cachedFolds.value) folds = new Map();
  const made = make();
  folds.set(key, made);
  return made;
}
