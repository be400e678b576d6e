import {
  countryHint,
  countryItems,
  formatMicro,
  readAsn,
  readCountries,
  readDuration,
  readFlag,
  readHops,
  readList,
  readName,
  readNetwork,
  readPeerId,
  readPrice,
  readSession,
  readShare,
  readWord,
} from "./constraint-values.ts";
import type { Constraints } from "./constraints.ts";
import { ROUTING_LIMITS } from "./limits.ts";

/** One parameter: its names, how it is read and how it is printed. */
export interface ConstraintKey {
  readonly name: string;
  /** Other names, in lower case. */
  readonly aliases: readonly string[];
  /** What it sets. */
  readonly field: keyof Constraints;
  /** `flag`: may stand without a value; `list`: several values, joined by `+`; `name-list`: those in which `_` is a space. */
  readonly kind: "flag" | "value" | "list" | "name-list";
  /** What the value must be, after "must be". */
  readonly form: string;
  /** The flag of the command line, without dashes, and what stands for its value. */
  readonly option: string;
  readonly metavar: string;
  readonly docs: string;
  /** What is wrong with a malformed value, before "must be"; "" for nothing. It comes first, because some programs show 100 bytes. */
  readonly hint?: (text: string) => string;
  /** What a value asks for; undefined when it is malformed. */
  read(text: string): Constraints | undefined;
  /** The values that read as what `constraints` asks for; undefined when it asks for nothing. */
  print(constraints: Constraints): readonly string[] | undefined;
}

type Words = Omit<ConstraintKey, "name" | "field" | "aliases" | "read" | "print" | "option"> & {
  readonly aliases?: string;
  readonly option?: string;
};

function key<F extends keyof Constraints>(
  name: string,
  field: F,
  read: (text: string) => Constraints[F] | undefined,
  print: (value: NonNullable<Constraints[F]>) => readonly string[],
  words: Words,
): ConstraintKey {
  const { aliases = "", option = name, ...rest } = words;
  return {
    name,
    field,
    aliases: aliases.split(" ").filter((alias) => alias !== ""),
    option,
    ...rest,
    read: (text) => {
      const value = read(text);
      return value === undefined ? undefined : { [field]: value };
    },
    print: ({ [field]: value }) =>
      value === undefined || (Array.isArray(value) && value.length === 0) ? undefined : print(value),
  };
}

const each = (values: readonly (string | number)[]): readonly string[] => values.map(String);
const one = (value: string | number | boolean): readonly string[] => [String(value)];
const NAMES = `${ROUTING_LIMITS.maxListed.value} names at most, joined by +, each of at most ${ROUTING_LIMITS.maxNameChars.value} letters, digits, spaces (or _) and . ' &`;

/** Every parameter, in the order in which they are printed. */
export const CONSTRAINT_KEYS: readonly ConstraintKey[] = [
  key("country", "countries", readCountries, countryItems, {
    aliases: "cc cr",
    kind: "list",
    form: "two-letter country codes joined by +, such as us or us+de, or eu",
    hint: countryHint,
    metavar: "cc,…",
    docs: "The exit's country: ISO 3166-1 codes. eu is the European Union.",
  }),
  key("state", "regions", readList(readName), each, {
    aliases: "region st",
    kind: "name-list",
    form: NAMES,
    metavar: "name,…",
    docs: "The exit's region or state, by name or code: california, ca, us ca.",
  }),
  key("city", "cities", readList(readName), each, {
    aliases: "ct",
    kind: "name-list",
    form: NAMES,
    metavar: "name,…",
    docs: "The exit's city.",
  }),
  key("asn", "asns", readList(readAsn), each, {
    kind: "list",
    form: "AS numbers from 1 to 4294967295 joined by +, such as 7922 or AS7922",
    metavar: "n,…",
    docs: "The number of the exit's autonomous system.",
  }),
  key("isp", "isps", readList(readName), each, {
    kind: "name-list",
    form: NAMES,
    metavar: "name,…",
    docs: "The exit's provider: the whole name or its first words.",
  }),
  key("network", "networks", readList(readNetwork), each, {
    aliases: "type",
    kind: "list",
    form: "some of residential, mobile, hosting and unknown joined by +",
    metavar: "kind,…",
    docs: "The exit's kind of network: residential, mobile, hosting, unknown.",
  }),
  key("session", "session", readSession, one, {
    aliases: "sessid sid",
    kind: "value",
    form: "1 to 50 letters, digits, '.', '_' or '~'",
    metavar: "name",
    docs: "Requests with the same session name use the same exit.",
  }),
  key("sesstime", "sessionSec", readDuration, (seconds) => [seconds % 60 === 0 ? `${seconds / 60}` : `${seconds}s`], {
    aliases: "sessionduration sessduration lifetime ttl sessttl",
    kind: "value",
    form: "minutes from 1 to 1440, or a number with a unit from 1s to 24h, such as 30s, 10m or 2h",
    metavar: "time",
    docs: "How long the session keeps its exit: minutes, or 30s, 10m, 2h. Default 10.",
  }),
  key("hops", "hops", readHops, one, {
    kind: "value",
    form: `a whole number from 1 to ${ROUTING_LIMITS.maxHops.value}`,
    metavar: "n",
    docs: "How many nodes the circuit has, including the exit.",
  }),
  key("strict", "strict", readFlag, one, {
    aliases: "const sessid_oneip",
    kind: "flag",
    form: "without a value, or true or false",
    metavar: "",
    docs: "If the session's exit is away, fail instead of using another exit.",
  }),
  key("sticky-asn", "stickyAsn", readFlag, one, {
    aliases: "sticky_asn",
    kind: "flag",
    form: "without a value, or true or false",
    metavar: "",
    docs: "If the session has to change its exit, stay in the same autonomous system.",
  }),
  key("maxprice", "maxMicroUsdcPerGiB", readPrice, (micro) => [formatMicro(micro)], {
    kind: "value",
    form: "USDC for each GiB with at most 6 digits behind the point, such as 0.5",
    option: "max-price",
    metavar: "usdc",
    docs: "The highest price that the exit may ask, in USDC for each GiB.",
  }),
  key("minTrust", "minTrust", readShare, (share) => [share.toFixed(6).replace(/\.?0+$/, "")], {
    kind: "value",
    form: "a number from 0 to 1 with at most 6 digits behind the point",
    option: "min-trust",
    metavar: "0…1",
    docs: "The lowest trust score that the exit may have.",
  }),
  key("preset", "preset", readWord(["balanced", "fast", "reliable", "private"]), one, {
    kind: "value",
    form: "balanced, fast, reliable or private",
    metavar: "name",
    docs: "What counts in the choice of the exit: balanced, fast, reliable, private.",
  }),
  key("node", "node", readPeerId, one, {
    kind: "value",
    form: "a peer id (k51… or 12D3Koo…)",
    metavar: "peer id",
    docs: "Exactly this exit, by its peer id.",
  }),
  key("protocol", "protocol", readWord(["tcp", "udp"]), one, {
    kind: "value",
    form: "tcp or udp",
    metavar: "tcp|udp",
    docs: "The protocol that the exit must carry, besides the one that the request needs.",
  }),
];

const BY_NAME: ReadonlyMap<string, ConstraintKey> = new Map(
  CONSTRAINT_KEYS.flatMap((row) => [row.name.toLowerCase(), ...row.aliases].map((name) => [name, row] as const)),
);

/** The row of a parameter, by any of its names, whatever their case. */
export function constraintKey(name: string): ConstraintKey | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** Every name of every parameter, in lower case. */
export const CONSTRAINT_NAMES: readonly string[] = [...BY_NAME.keys()];
