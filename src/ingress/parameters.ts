import { BywayError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { Constraints } from "../routing/constraints.ts";
import { ROUTING_LIMITS } from "../routing/limits.ts";

/** A parameter as it was written: a name and its text. */
export type Parameter = readonly [key: string, value: string | undefined];

type Key = "hops" | "country" | "node" | "session";

/** Every name of every parameter that is served, in lower case. */
const NAMES: Readonly<Record<string, Key>> = {
  hops: "hops",
  country: "country",
  cc: "country",
  cr: "country",
  node: "node",
  session: "session",
  sessid: "session",
  sid: "session",
};

/** Names that people use elsewhere and that are refused as such, so that nobody takes them for granted. */
const NOT_SERVED: ReadonlySet<string> = new Set(
  (
    "state region st city ct asn isp network type sesstime sessionduration lifetime ttl strict const sessid_oneip " +
    "sticky-asn sticky maxprice mintrust preset protocol"
  ).split(" "),
);

/** Whether `text` is the name of a parameter, served or not. */
export function isParameterName(text: string): boolean {
  const name = text.toLowerCase();
  return Object.hasOwn(NAMES, name) || NOT_SERVED.has(name);
}

/** Whether `text` is the name of a parameter or looks like a slip of the pen for one. */
export function resemblesParameterName(text: string): boolean {
  return isParameterName(text) || (text.length > 3 && nearest(text).edits <= 2);
}

/**
 * The constraints that parameters ask for.
 *
 * @throws BywayError ERR_PARAMETER_UNKNOWN naming the key and the nearest known one, ERR_PARAMETER_VALUE naming the
 * key and the form of its value, ERR_PARAMETER_CONFLICT for a parameter given twice.
 */
export function readParameters(parameters: readonly Parameter[]): Constraints {
  const values = new Map<Key, string>();
  for (const [name, value] of parameters) {
    const key = readKey(name);
    if (value === undefined || value === "") throw badValue(key, "has no value");
    if (values.has(key))
      throw new BywayError("ERR_PARAMETER_CONFLICT", `the parameter ${key} is given twice`, { data: { key } });
    values.set(key, value);
  }
  const hops = values.get("hops");
  const country = values.get("country");
  const node = values.get("node");
  const session = values.get("session");
  return {
    ...(hops === undefined ? {} : { hops: readHops(hops) }),
    ...(country === undefined ? {} : { countries: readCountries(country) }),
    ...(node === undefined ? {} : { node: readNode(node) }),
    ...(session === undefined ? {} : { session: readSession(session) }),
  };
}

function readKey(name: string): Key {
  const key = Object.hasOwn(NAMES, name.toLowerCase()) ? NAMES[name.toLowerCase()] : undefined;
  if (key !== undefined) return key;
  const shown = JSON.stringify(name.slice(0, 40));
  const closest = nearest(name).name;
  const why = NOT_SERVED.has(name.toLowerCase())
    ? `is not served by this version, which serves ${[...new Set(Object.values(NAMES))].join(", ")}`
    : `is unknown; the nearest known one is ${closest}`;
  throw new BywayError("ERR_PARAMETER_UNKNOWN", `the parameter ${shown} ${why}`, {
    data: { key: name.slice(0, 40), nearest: closest },
  });
}

function nearest(name: string): { readonly name: string; readonly edits: number } {
  const found = nearestName(name.toLowerCase().slice(0, 40), Object.keys(NAMES));
  return { name: NAMES[found.name] ?? found.name, edits: found.edits };
}

function badValue(key: Key, what: string): BywayError {
  return new BywayError("ERR_PARAMETER_VALUE", `the parameter ${key} ${what}`, { data: { key } });
}

function readHops(text: string): number {
  const hops = /^[0-9]$/.test(text) ? Number(text) : 0;
  const most = ROUTING_LIMITS.maxHops.value;
  if (hops < 1 || hops > most) throw badValue("hops", `must be a whole number from 1 to ${most}`);
  return hops;
}

function readCountries(text: string): readonly string[] {
  const countries = text.toLowerCase().split("+");
  if (!countries.every((country) => /^[a-z]{2}$/.test(country)))
    throw badValue("country", "must be two-letter country codes joined by +, such as us or us+de");
  return [...new Set(countries)];
}

function readNode(text: string): string {
  try {
    return parsePeerId(text);
  } catch (cause) {
    throw new BywayError("ERR_PARAMETER_VALUE", "the parameter node must be a peer id (k51… or 12D3Koo…)", {
      data: { key: "node" },
      cause,
    });
  }
}

function readSession(text: string): string {
  if (!/^[A-Za-z0-9._~]{1,50}$/.test(text))
    throw badValue("session", "must be 1 to 50 letters, digits, '.', '_' or '~'");
  return text;
}
