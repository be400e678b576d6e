import type { NetworkKind } from "../wire/advertisement.ts";
import type { Preset } from "./preset.ts";

/**
 * What a caller asks of the circuit; an absent key asks for nothing. Of a list one is enough. The names, spellings and
 * printed form of each are in `constraint-keys.ts`; text is in the form of `normaliseText`.
 */
export interface Constraints {
  /** How many nodes the circuit has, 1-5. */
  readonly hops?: number;
  /** Where the exit may stand: ISO 3166-1 alpha-2 codes in lower case. */
  readonly countries?: readonly string[];
  /** Regions or states, by name or by their code of ISO 3166-2: `california`, `ca`, `us ca`, `us california`. */
  readonly regions?: readonly string[];
  readonly cities?: readonly string[];
  readonly asns?: readonly number[];
  /** Providers: the whole name, or the first words of it (`comcast` finds `Comcast Cable Communications, LLC`). */
  readonly isps?: readonly string[];
  readonly networks?: readonly NetworkKind[];
  /** What the exit must carry, beside what the request itself needs. */
  readonly protocol?: "tcp" | "udp";
  /** The exit itself: a peer id in base36. */
  readonly node?: string;
  /** The most that the exit may ask for a GiB, in millionths of a USDC; one that asks nothing fits. */
  readonly maxMicroUsdcPerGiB?: bigint;
  /** The least trust score, 0 to 1. */
  readonly minTrust?: number;
  /** How the exit is weighed. */
  readonly preset?: Preset;
  /** Requests with the same session of the same user keep one exit. */
  readonly session?: string;
  /** How long the session keeps it, 1 to 86,400. Default 600. */
  readonly sessionSec?: number;
  /** The session's exit is never changed: an error takes the place of a change. */
  readonly strict?: boolean;
  /** A session that has to change its exit stays within its autonomous system. */
  readonly stickyAsn?: boolean;
}

/** Every key and its name, in the order of the names. */
const KEY_NAMES: Readonly<Record<keyof Constraints, string>> = {
  asns: "asn",
  cities: "city",
  countries: "country",
  hops: "hops",
  isps: "isp",
  maxMicroUsdcPerGiB: "maxprice",
  minTrust: "minTrust",
  networks: "network",
  node: "node",
  preset: "preset",
  protocol: "protocol",
  session: "session",
  sessionSec: "sesstime",
  regions: "state",
  stickyAsn: "sticky-asn",
  strict: "strict",
};
const KEYS = Object.entries(KEY_NAMES) as readonly (readonly [keyof Constraints, string])[];

/**
 * The one text of a set of constraints, whatever the order they were given in: `country=de+us,hops=3`.
 * Equal texts ask for the same circuits; "" asks for nothing. Not for people to read or write: `printConstraints` is.
 */
export function constraintsKey(constraints: Constraints): string {
  const parts: string[] = [];
  for (const [key, name] of KEYS) {
    const value = constraints[key];
    if (value === undefined || value === false) continue;
    if (value === true) parts.push(name);
    else if (typeof value !== "object") parts.push(`${name}=${escaped(String(value))}`);
    else if (value.length > 0) {
      const items = [...new Set(value.map((item) => escaped(String(item))))].sort();
      parts.push(`${name}=${items.join("+")}`);
    }
  }
  return parts.join(",");
}

/** Keeps a value that a library's caller made up from looking like another key. */
function escaped(text: string): string {
  return text.replaceAll(/[%,+=]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
