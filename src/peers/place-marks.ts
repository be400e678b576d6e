import { foldName } from "../geo/fold-name.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { nameHash } from "./name-hash.ts";
import { ispTrait, regionTrait } from "./peer-traits.ts";

/** The key of a city, in any spelling. */
export function cityKey(city: string): number {
  return nameHash(`city ${foldName(city)}`) | 0;
}

/** What a query asks of regions or providers, as the store is asked for it. */
export interface WantedMarks {
  /** A peer that fits has one of these bits; undefined where that says nothing. */
  readonly traits: number | undefined;
  /** In hexadecimal digits: a peer that fits has one of these, */
  readonly marks: readonly string[];
  /** or one of these and stands in the country that is written before it. */
  readonly marksIn: readonly string[];
}

/** The marks of a query's regions. */
export function wantedRegions(regions: NonNullable<PeerQuery["regions"]>): WantedMarks {
  const whole = regions.map(foldName);
  const inCountry = whole.filter((name) => /^[a-z]{2}./.test(name));
  const names = [...whole, ...inCountry.map((name) => name.slice(2))];
  return {
    traits: names.reduce((bits, name) => bits | regionTrait(name), 0),
    marks: whole.map(regionMark),
    marksIn: inCountry.map((name) => `${name.slice(0, 2)}${regionMark(name.slice(2))}`),
  };
}

/** The marks of a query's providers. */
export function wantedIsps(isps: NonNullable<PeerQuery["isps"]>): WantedMarks {
  const names = isps.map(foldName);
  const bits = names.map(ispTrait);
  return {
    traits: bits.includes(0) ? undefined : bits.reduce((all, bit) => all | bit, 0),
    marks: names.map(ispMark),
    marksIn: [],
  };
}

/** The mark of a folded name of a region: four bytes in hexadecimal digits. */
export function regionMark(folded: string): string {
  return hexMark(`region ${folded}`);
}

/** The same of a folded prefix of a provider's name. */
export function ispMark(folded: string): string {
  return hexMark(`isp ${folded}`);
}

function hexMark(name: string): string {
  return nameHash(name).toString(16).padStart(8, "0");
}
