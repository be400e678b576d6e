import { ispPrefixes, regionNames } from "../geo/place-names.ts";
import type { PeerPlace } from "./known-peer.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { ispTrait, regionTrait } from "./peer-traits.ts";
import { cityKey, ispMark, regionMark } from "./place-marks.ts";

/** What the store writes of the names of a place, so that they are found however they are spelt. */
export interface PlaceKey {
  /** The city's, a signed number of 32 bits; undefined where none is known. */
  readonly city: number | undefined;
  /** Four bytes for each name of its region and each prefix of its provider; undefined where there are none. */
  readonly marks: Uint8Array | undefined;
  /** The bits for these among a peer's traits. */
  readonly traits: number;
}

interface Named {
  readonly marks: string;
  readonly traits: number;
}

/** Makes keys of places; remembers names, since many peers share them and folding one takes microseconds. */
export class PlaceKeys {
  readonly #regions = new Map<string, Named>();
  readonly #isps = new Map<string, Named>();
  readonly #cities = new Map<string, number>();

  /** The key of a place. */
  of(place: Pick<PeerPlace, "country" | "region" | "regionCode" | "city" | "isp">): PlaceKey {
    const { country = "", region = "", regionCode = "", city, isp = "" } = place;
    const where = remembered(this.#regions, `${country}/${regionCode}/${region}`, () => {
      const names = regionNames(place);
      const traits = names.reduce((bits, name) => bits | regionTrait(name), 0);
      return { marks: names.map(regionMark).join(""), traits };
    });
    const whose = remembered(this.#isps, isp, () => {
      const prefixes = ispPrefixes(isp);
      return { marks: prefixes.map(ispMark).join(""), traits: ispTrait(prefixes.at(-1) ?? "") };
    });
    const marks = where.marks + whose.marks;
    return {
      city: city === undefined ? undefined : remembered(this.#cities, city, () => cityKey(city)),
      marks: marks === "" ? undefined : Buffer.from(marks, "hex"),
      traits: where.traits | whose.traits,
    };
  }
}

function remembered<T>(names: Map<string, T>, name: string, make: () => T): T {
  const held = names.get(name);
  if (held !== undefined) return held;
  if (names.size >= PEERS_LIMITS.foldedNames.value) names.clear();
  const made = make();
  names.set(name, made);
  return made;
}
