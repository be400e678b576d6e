import type { Hosting } from "./geo-facts.ts";
import type { GeoKind } from "./geo-file.ts";
import { asnField, countryField, definedRecord, type GeoRecord, textField } from "./geo-record.ts";

/** What a column of a CSV file holds; `-` is passed over. */
type Column = "start" | "end" | "country" | "region" | "city" | "asn" | "isp" | "hosting" | "-";

/** The meaning of each column, from the left. */
export type CsvColumns = readonly Column[];

/** Names of columns in the files that are in use, folded to letters. */
const NAMES: Readonly<Record<string, Column>> = {
  start: "start",
  startip: "start",
  ipstart: "start",
  iprangestart: "start",
  end: "end",
  endip: "end",
  ipend: "end",
  iprangeend: "end",
  country: "country",
  countrycode: "country",
  region: "region",
  state: "region",
  stateprov: "region",
  city: "city",
  asn: "asn",
  autonomoussystemnumber: "asn",
  isp: "isp",
  asname: "isp",
  organization: "isp",
  autonomoussystemorganization: "isp",
  hosting: "hosting",
};

const HOSTING: readonly Hosting[] = ["hosting", "not-hosting", "unknown"];

/** The columns that a header names; undefined if the line is no header: the first is not
 * the start of a range, or its end is nowhere. */
export function headerColumns(fields: readonly string[]): CsvColumns | undefined {
  const columns = fields.map((field) => {
    const name = field.replaceAll(/[^a-z0-9]/gi, "").toLowerCase();
    // ip-location-db divides a region once more: state1, state2. The first is the larger.
    return NAMES[name === "state1" ? "state" : name] ?? "-";
  });
  return columns[0] === "start" && columns.includes("end") ? columns : undefined;
}

/**
 * The columns of a file without a header, from its first line and `kind` where the caller knows it: as ip-location-db writes
 * country, city and AS files, and DB-IP its own. Undefined if the line is of none of these forms.
 */
export function guessColumns(fields: readonly string[], kind: GeoKind | undefined): CsvColumns | undefined {
  const [, , third, fourth] = fields;
  if (fields.length === 3 && kind !== "asn" && countryField(third) !== undefined) return ["start", "end", "country"];
  if (kind !== "country" && kind !== "city" && fields.length <= 4 && asnField(third) !== undefined) {
    return ["start", "end", "asn", "isp"];
  }
  if (kind === "asn" || fields.length < 6) return undefined;
  // DB-IP: a continent stands before the country.
  if (fields.length <= 8 && countryField(fourth) !== undefined) {
    return ["start", "end", "-", "country", "region", "city"];
  }
  if (countryField(third) !== undefined) return ["start", "end", "country", "region", "-", "city"];
  return undefined;
}

/** What a line says, by its columns. */
export function csvRecord(fields: readonly string[], columns: CsvColumns): GeoRecord | undefined {
  const value = (column: Column): string | undefined => fields[columns.indexOf(column)];
  return definedRecord({
    country: countryField(value("country")),
    region: textField(value("region")),
    regionCode: undefined,
    city: textField(value("city")),
    asn: asnField(value("asn")),
    isp: textField(value("isp")),
    hosting: HOSTING.find((word) => word === value("hosting")),
  });
}
