import { nearestName } from "../core/nearest-name.ts";
import { readNetwork } from "./constraint-values.ts";
import type { Parameter } from "./parameter.ts";

/**
 * What a parameter of other providers comes to here: a parameter of ours, nothing (Byway does it anyway), nothing that
 * anybody could miss (it is told all the same), or a reason for which it is refused.
 */
export type ForeignMeaning =
  | { readonly as: Parameter }
  | { readonly done: true }
  | { readonly passedOver: true }
  | { readonly refused: string };

/** What a name of a zone is held against, and the length from which two other letters are a slip. */
const NETWORK_WORDS = ["residential", "datacenter", "mobile", "hosting"];
const SHORTEST_SLIP = 5;

interface Foreign {
  /** Whether it stands without a value. */
  readonly isFlag?: true;
  readonly meaning: (value: string) => ForeignMeaning;
}

const no = (refused: string): Foreign => ({ meaning: () => ({ refused }) });
const noFlag = (refused: string): Foreign => ({ isFlag: true, meaning: () => ({ refused }) });

/** `RESIDENTIAL`, `datacenter`, `RESIDENTIAL+mobile`: kinds of network; any other name means something at its provider only. */
const network =
  (what: string) =>
  (value: string): ForeignMeaning =>
    value !== "" && value.split("+").every((word) => readNetwork(word) !== undefined)
      ? { as: ["network", value] }
      : {
          refused: `names no known ${what}: use residential, mobile, datacenter or isp, or set the listener to lenient`,
        };

/** Bright Data's customers name their zones as they like; one called like a kind of network asks for that. */
const zone = (value: string): ForeignMeaning => {
  const meaning = network("zone")(value);
  const isSlip = value.length > SHORTEST_SLIP && nearestName(value.toLowerCase(), NETWORK_WORDS).edits <= 2;
  return "as" in meaning || value === "" || isSlip ? meaning : { passedOver: true };
};

const oneOf =
  (meanings: Readonly<Record<string, ForeignMeaning>>, refused: string) =>
  (value: string): ForeignMeaning =>
    (Object.hasOwn(meanings, value.toLowerCase()) ? meanings[value.toLowerCase()] : undefined) ?? { refused };

const FOREIGN: Readonly<Record<string, Foreign>> = {
  groups: { meaning: network("group") },
  zone: { meaning: zone },
  // anyIP: whether an exit that died may be replaced, and by what.
  sessreplace: {
    meaning: oneOf({ false: { as: ["strict", "true"] }, true: { as: ["strict", "false"] } }, "must be true or false"),
  },
  sessasn: { meaning: oneOf({ strict: { as: ["sticky-asn", "true"] } }, "can be strict only") },
  dns: { meaning: oneOf({ remote: { done: true } }, "can be remote only: names are always resolved at the exit") },
  debug: { meaning: oneOf({ full: { done: true } }, "can be full only: errors always tell all") },
  zip: no("is not supported: ask for a city"),
  os: no("is not supported"),
  ip: no("cannot be chosen: name a node"),
  gip: no("cannot be chosen: name a node"),
  carrier: no("is not supported: ask for an isp"),
  direct: noFlag("would bypass the exit"),
  raw: noFlag("is not supported: answers always arrive unchanged"),
  render: noFlag("is not supported: pages are not rendered"),
  info: noFlag("is not supported: send `byway-debug: 1`"),
};

/** The names of parameters that other providers have and Byway has not, in lower case. */
export const FOREIGN_NAMES: ReadonlySet<string> = new Set(Object.keys(FOREIGN));

/** Whether `name`, in lower case, is one of them that stands without a value. */
export function isForeignFlag(name: string): boolean {
  return Object.hasOwn(FOREIGN, name) && FOREIGN[name]?.isFlag === true;
}

/** What a parameter of other providers means; undefined when `name`, in lower case, is none. */
export function foreignMeaning(name: string, value: string | undefined): ForeignMeaning | undefined {
  return Object.hasOwn(FOREIGN, name) ? FOREIGN[name]?.meaning(value ?? "") : undefined;
}
