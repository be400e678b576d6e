import { type GeoFileCheck, type GeoFileFacts, type GeoKind, geoFault } from "./geo-file.ts";
import { KIND_FIELDS, openGeoFile } from "./open-geo-file.ts";

/** What a file turned out to be; `mixed` holds places and AS numbers. */
export interface CheckedGeoFile {
  readonly facts: GeoFileFacts;
  readonly kind: GeoKind | "mixed";
  /** Answers that were looked at; of a list, its AS numbers. */
  readonly records: number;
}

/** How to check a file. */
export interface CheckGeoFileOptions {
  /** What it must hold; by default its content decides. */
  readonly kind: GeoKind | undefined;
  /** What it is called in messages. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Opens the file at `path`, looks through it and closes it. Throws ERR_GEO_DATA if it must not be used, or the abort reason. */
export async function checkGeoFile(path: string, { kind, name, signal }: CheckGeoFileOptions): Promise<CheckedGeoFile> {
  const opened = openGeoFile(path, kind, name);
  if (opened.type === "hosting") return { facts: opened.facts, kind: "hosting", records: opened.asns.size };
  try {
    const check = await opened.file.check(signal);
    return { facts: opened.file.facts, kind: settle(check, kind, name), records: check.records };
  } finally {
    opened.file.close();
  }
}

function settle({ records, fields }: GeoFileCheck, kind: GeoKind | undefined, name: string): GeoKind | "mixed" {
  const holds = (of: keyof typeof KIND_FIELDS): boolean => KIND_FIELDS[of].some((field) => fields.has(field));
  if (records === 0 || fields.size === 0) throw geoFault(name, "says nothing of any address");
  if (kind !== undefined && kind !== "hosting") {
    if (!holds(kind)) throw geoFault(name, `holds no ${kind} data`);
    return kind;
  }
  if (fields.has("hosting") || (holds("city") && holds("asn"))) return "mixed";
  if (fields.has("city") || fields.has("region")) return "city";
  return fields.has("country") ? "country" : "asn";
}
