/*
 * States and provinces by their code of ISO 3166-2, folded. Of the countries whose regions people ask for by these codes, and
 * whose names are the same in all address data: elsewhere the code counts only where the data has it.
 */
const NAMES: Readonly<Record<string, string>> = {
  us:
    "al alabama ak alaska az arizona ar arkansas ca california co colorado ct connecticut de delaware " +
    "dc districtofcolumbia fl florida ga georgia hi hawaii id idaho il illinois in indiana ia iowa ks kansas " +
    "ky kentucky la louisiana me maine md maryland ma massachusetts mi michigan mn minnesota ms mississippi " +
    "mo missouri mt montana ne nebraska nv nevada nh newhampshire nj newjersey nm newmexico ny newyork " +
    "nc northcarolina nd northdakota oh ohio ok oklahoma or oregon pa pennsylvania ri rhodeisland " +
    "sc southcarolina sd southdakota tn tennessee tx texas ut utah vt vermont va virginia wa washington " +
    "wv westvirginia wi wisconsin wy wyoming pr puertorico",
  ca:
    "ab alberta bc britishcolumbia mb manitoba nb newbrunswick nl newfoundlandandlabrador nt northwestterritories " +
    "ns novascotia nu nunavut on ontario pe princeedwardisland qc quebec sk saskatchewan yt yukon",
  au:
    "act australiancapitalterritory nsw newsouthwales nt northernterritory qld queensland sa southaustralia " +
    "tas tasmania vic victoria wa westernaustralia",
};

interface Regions {
  readonly names: ReadonlyMap<string, string>;
  readonly codes: ReadonlyMap<string, string>;
}

const COUNTRIES: ReadonlyMap<string, Regions> = new Map(
  Object.entries(NAMES).map(([country, text]) => {
    const pairs = [...text.matchAll(/(\S+) (\S+)/g)].map(([, code = "", name = ""]) => [code, name] as const);
    return [country, { names: new Map(pairs), codes: new Map(pairs.map(([code, name]) => [name, code])) }];
  }),
);

/** The name and the code of a region of which either is given, folded; undefined for one that is not in the table. */
export function knownRegion(
  country: string,
  folded: string,
): { readonly name: string; readonly code: string } | undefined {
  const regions = COUNTRIES.get(country);
  const name = regions?.names.get(folded);
  if (name !== undefined) return { name, code: folded };
  const code = regions?.codes.get(folded);
  return code === undefined ? undefined : { name: folded, code };
}
