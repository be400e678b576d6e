import { COUNTRY_CODES, countryByName } from "../core/country-codes.ts";
import { BywayError } from "../core/errors.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { NetworkKind } from "../wire/advertisement.ts";
import { ROUTING_LIMITS } from "./limits.ts";

/*
 * How the value of each parameter is read; all give undefined for a text that is no such value. Lists are joined by `+`.
 */

/** The members of the European Union, which `country-eu` stands for. */
export const EU_COUNTRIES: readonly string[] =
  "at be bg cy cz de dk ee es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk".split(" ");

const NETWORK_WORDS: Readonly<Record<string, NetworkKind>> = {
  residential: "residential",
  res: "residential",
  // Addresses that a provider of homes announces, wherever the machine stands.
  isp: "residential",
  mobile: "mobile",
  mob: "mobile",
  hosting: "hosting",
  datacenter: "hosting",
  dc: "hosting",
  unknown: "unknown",
};
const UNIT_SEC: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const MICRO = 1_000_000;
const MAX_SESSION_SEC = 86_400;
const TRUE = /^(?:true|yes|on|1)$/i;
const FALSE = /^(?:false|no|off|0)$/i;

/** A list whose values `read` understands, without those that are there already. */
export function readList<T>(read: (text: string) => T | undefined): (text: string) => readonly T[] | undefined {
  return (text) => {
    const parts = text.split("+", ROUTING_LIMITS.maxListed.value + 1);
    if (parts.length > ROUTING_LIMITS.maxListed.value) return undefined;
    const values = parts.map(read).filter((value) => value !== undefined);
    return values.length === parts.length ? [...new Set(values)] : undefined;
  };
}

/** Codes that ISO 3166-1 reserves for countries which have another: people write them, and no node stands there. */
const RESERVED_CODES: Readonly<Record<string, string>> = { uk: "gb", el: "gr" };

const readCountryItem = (text: string): string | undefined => {
  const country = text.toLowerCase();
  const code = RESERVED_CODES[country] ?? country;
  return COUNTRY_CODES.has(code) || code === "eu" ? code : undefined;
};

/** `us`, `us+de`; `eu` is all members of the European Union. */
export function readCountries(text: string): readonly string[] | undefined {
  const countries = readList(readCountryItem)(text);
  return countries && [...new Set(countries.flatMap((country) => (country === "eu" ? EU_COUNTRIES : [country])))];
}

/** What is wrong with the first country of a list that is none, before "must be"; "" where only the form is. */
export function countryHint(text: string): string {
  const wrong = text.split("+").find((item) => readCountryItem(item) === undefined) ?? "";
  if (/^[a-z]{2}$/i.test(wrong)) return `names ${wrong.toLowerCase()}, which is no code of ISO 3166-1; it `;
  const meant = countryByName(wrong);
  return meant === undefined ? "" : `is wrong: did you mean ${meant}? It `;
}

/** The countries as `readCountries` understands them, with `eu` for its members. */
export function countryItems(countries: readonly string[]): readonly string[] {
  if (!EU_COUNTRIES.every((member) => countries.includes(member))) return countries;
  return ["eu", ...countries.filter((country) => !EU_COUNTRIES.includes(country))];
}

/** A name of a place or provider, in the form of `normaliseText`. */
export function readName(text: string): string | undefined {
  const most = ROUTING_LIMITS.maxNameChars.value;
  if (text.length > 2 * most || !text.isWellFormed()) return undefined;
  const name = normaliseText(text);
  // Other characters would silently become spaces; a slip of the pen should be told.
  const isPlain = /^[\p{L}\p{M}\p{N}.'&_ -]*$/u.test(text.normalize("NFKC"));
  return isPlain && name !== "" && name.length <= most ? name : undefined;
}

/** `7922` or `AS7922`, 1 to 2^32 - 1. */
export function readAsn(text: string): number | undefined {
  const digits = /^(?:as)?([0-9]{1,10})$/i.exec(text)?.[1];
  const asn = Number(digits);
  return digits !== undefined && asn >= 1 && asn < 2 ** 32 ? asn : undefined;
}

/** A kind of network, under the names that proxy providers have for it too. */
export function readNetwork(text: string): NetworkKind | undefined {
  const word = text.toLowerCase();
  return Object.hasOwn(NETWORK_WORDS, word) ? NETWORK_WORDS[word] : undefined;
}

/** 1 to 50 letters, digits, `.`, `_` or `~`. */
export function readSession(text: string): string | undefined {
  return /^[A-Za-z0-9._~]{1,50}$/.test(text) ? text : undefined;
}

/** Seconds from minutes, or from a number with a unit: `10`, `30s`, `10m`, `2h`, `1d`. */
export function readDuration(text: string): number | undefined {
  const [, digits, unit = "m"] = /^([0-9]{1,5})([smhd]?)$/i.exec(text) ?? [];
  const seconds = Number(digits) * (UNIT_SEC[unit === "" ? "m" : unit.toLowerCase()] ?? 0);
  return seconds >= 1 && seconds <= MAX_SESSION_SEC ? seconds : undefined;
}

/** `3`, within what a circuit may have. */
export function readHops(text: string): number | undefined {
  const hops = /^[0-9]$/.test(text) ? Number(text) : 0;
  return hops >= 1 && hops <= ROUTING_LIMITS.maxHops.value ? hops : undefined;
}

/** Millionths of a USDC from a decimal in USDC. */
export function readPrice(text: string): bigint | undefined {
  const [, whole = "", fraction = ""] = /^([0-9]{1,9})(?:\.([0-9]{1,6}))?$/.exec(text) ?? [];
  return whole === "" ? undefined : BigInt(whole) * BigInt(MICRO) + BigInt(fraction.padEnd(6, "0"));
}

/** A decimal from 0 to 1 with six digits behind the point at most. */
export function readShare(text: string): number | undefined {
  const share = /^[0-9]{0,2}(?:\.[0-9]{1,6})?$/.test(text) && text !== "" ? Number(text) : Number.NaN;
  return share >= 0 && share <= 1 ? share : undefined;
}

/** What a flag says; "" stands for one that was given without a value. */
export function readFlag(text: string): boolean | undefined {
  return text === "" || TRUE.test(text) ? true : FALSE.test(text) ? false : undefined;
}

/** A peer id in either of its forms. */
export function readPeerId(text: string): string | undefined {
  try {
    return parsePeerId(text);
  } catch (error) {
    if (error instanceof BywayError) return undefined;
    throw error;
  }
}

/** One of `words`, whatever its case. */
export function readWord<W extends string>(words: readonly W[]): (text: string) => W | undefined {
  return (text) => words.find((word) => word === text.toLowerCase());
}

/** Millionths as a decimal: `0.5`. */
export function formatMicro(micro: bigint): string {
  const fraction = (micro % BigInt(MICRO)).toString().padStart(6, "0").replace(/0+$/, "");
  return `${micro / BigInt(MICRO)}${fraction === "" ? "" : `.${fraction}`}`;
}

/**
 * The form in which names of places and providers are compared: NFKC, lower case, and one space for each run of
 * characters other than letters, marks, digits, `.`, `'` and `&`. `New_York` and `new  york` are one name. Never throws;
 * the caller bounds the length.
 */
export function normaliseText(text: string): string {
  // Lower case may undo the first normalisation (some capitals become a letter and a mark).
  return text
    .normalize("NFKC")
    .toLowerCase()
    .normalize("NFKC")
    .replaceAll(/[^\p{L}\p{M}\p{N}.'&]+/gu, " ")
    .trim();
}
