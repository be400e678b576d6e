import type { GeoFacts, Hosting } from "./geo-facts.ts";
import { GEO_LIMITS } from "./limits.ts";

/** What one file says of an address. Only a file that was made to say so knows of hosting. */
export type GeoRecord = Omit<GeoFacts, "hosting"> & { readonly hosting?: Hosting };

/** `record` without the fields that are undefined; undefined when nothing is left. */
export function definedRecord(
  record: { readonly [K in keyof GeoRecord]: GeoRecord[K] | undefined },
): GeoRecord | undefined {
  const fields: Record<string, unknown> = {};
  let isEmpty = true;
  for (const [name, value] of Object.entries(record)) {
    if (value === undefined) continue;
    fields[name] = value;
    isEmpty = false;
  }
  return isEmpty ? undefined : fields;
}

/** ISO 3166-1 alpha-2 in lower case; undefined for anything else, and for `ZZ`, which is nobody's. */
export function countryField(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z]{2}$/i.test(value) && !/^zz$/i.test(value)
    ? value.toLowerCase()
    : undefined;
}

/** An AS number from a number, `64496` or `AS64496`; undefined for anything else and for 0. */
export function asnField(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : typeof value === "string" ? value : "";
  if (!/^(?:AS)?\d{1,10}$/i.test(text)) return undefined;
  const asn = Number(text.replace(/^AS/i, ""));
  return asn >= 1 && asn <= 0xffffffff ? asn : undefined;
}

/** A name for people to read: no control characters, no surrounding space, cut to 64 characters; undefined if nothing is left. */
export function textField(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  // Nearly all are plain, and need no copies.
  if (value.length <= GEO_LIMITS.textChars.value && /^[!-~]+(?: [!-~]+)*$/.test(value)) return value;
  // Characters that steer a terminal or turn the direction of a line have no place in a name.
  const clean = value
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, " ")
    .replaceAll(/ {2,}/g, " ")
    .trim();
  const cut = [...clean].slice(0, GEO_LIMITS.textChars.value).join("").trim();
  return cut === "" ? undefined : cut;
}
