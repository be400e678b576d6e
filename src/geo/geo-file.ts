import { BywayError } from "../core/errors.ts";
import type { ParsedIp } from "../core/ip-address.ts";
import type { GeoRecord } from "./geo-record.ts";

/** What a file is for: `country` and `city` say where an address is, `asn` whose it is, `hosting` who rents out servers. */
export type GeoKind = "country" | "city" | "asn" | "hosting";

/** The address families that a file has. */
export type GeoFamily = "ipv4" | "ipv6" | "both";

/** What a file says of itself. */
export interface GeoFileFacts {
  readonly path: string;
  readonly format: "mmdb" | "csv" | "list";
  readonly family: GeoFamily;
  readonly bytes: number;
  /** When the data was made, or where the file does not say, when it was last written. */
  readonly dateMs: number;
  /** What its maker calls it; undefined where the format has no place for that. */
  readonly title: string | undefined;
}

/** What a look through a whole file found. */
export interface GeoFileCheck {
  /** Ranges or addresses that were looked at and had an answer. */
  readonly records: number;
  /** The fields that these answers had. */
  readonly fields: ReadonlySet<string>;
}

/** One open file of address ranges. */
export interface GeoFile {
  readonly facts: GeoFileFacts;
  /** What the file says of `ip`; undefined if nothing. Throws ERR_GEO_DATA where the file is damaged, and nothing else. */
  lookup(ip: ParsedIp): GeoRecord | undefined;
  /**
   * Looks through the file before it is trusted: a CSV file whole, a MaxMind DB at thousands of places. Throws ERR_GEO_DATA
   * where it is damaged, or the abort reason. Lets others have a turn between pieces.
   */
  check(signal: AbortSignal): Promise<GeoFileCheck>;
  /** Idempotent. */
  close(): void;
}

/** An ERR_GEO_DATA about the file at `path`; `what` is a predicate: `is cut short`. */
export function geoFault(path: string, what: string, cause?: unknown): BywayError {
  return new BywayError("ERR_GEO_DATA", `the address data ${path} ${what}`, { data: { path }, cause });
}
