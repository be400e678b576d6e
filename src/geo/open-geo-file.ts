import { basename } from "node:path";
import { CsvFile } from "./csv-file.ts";
import type { GeoFile, GeoFileFacts, GeoKind } from "./geo-file.ts";
import type { GeoRecord } from "./geo-record.ts";
import { looksLikeHostingList, readHostingList } from "./hosting-list.ts";
import { MmdbFile } from "./mmdb-file.ts";
import { PagedFile } from "./paged-file.ts";

/** An opened file: ranges of addresses, or the AS numbers of those who rent out servers. */
export type OpenedGeoFile =
  | { readonly type: "ranges"; readonly file: GeoFile; readonly kind: GeoKind | undefined }
  | { readonly type: "hosting"; readonly facts: GeoFileFacts; readonly asns: ReadonlySet<number> };

const KIND_IN_NAME = /^(country|city|asn|hosting)(?:-ipv[46])?\.[a-z0-9]+$/;

/** The fields that count of a file of each kind. */
export const KIND_FIELDS: Readonly<Record<Exclude<GeoKind, "hosting">, readonly (keyof GeoRecord)[]>> = {
  country: ["country"],
  city: ["country", "region", "regionCode", "city"],
  asn: ["asn", "isp"],
};

/** The kind that a file's name gives it: `country.mmdb`, `asn-ipv4.csv`; undefined for all other names. */
function kindInName(path: string): GeoKind | undefined {
  return KIND_IN_NAME.exec(basename(path))?.[1] as GeoKind | undefined;
}

/**
 * Opens a file of address data; its content tells what it is. `kind` limits what is taken from it, `name` is
 * what messages call it. The caller owns what
 * comes back. Throws ERR_GEO_DATA.
 */
export function openGeoFile(
  path: string,
  kind: GeoKind | undefined = kindInName(path),
  name: string = path,
): OpenedGeoFile {
  const file = PagedFile.open(path, name);
  try {
    if (kind === "hosting" || (kind === undefined && !MmdbFile.recognises(file) && looksLikeHostingList(file))) {
      const asns = readHostingList(file);
      const { size, modifiedMs } = file;
      file.close();
      const facts = {
        path,
        format: "list",
        family: "both",
        bytes: size,
        dateMs: modifiedMs,
        title: undefined,
      } as const;
      return { type: "hosting", facts, asns };
    }
    const opened = MmdbFile.recognises(file) ? new MmdbFile(file) : new CsvFile(file, kind);
    return { type: "ranges", file: kind === undefined ? opened : limited(opened, kind), kind };
  } catch (error) {
    file.close();
    throw error;
  }
}

function limited(file: GeoFile, kind: Exclude<GeoKind, "hosting">): GeoFile {
  return {
    facts: file.facts,
    check: (signal) => file.check(signal),
    close: () => file.close(),
    lookup(ip) {
      const record = file.lookup(ip);
      if (record === undefined) return undefined;
      const kept = KIND_FIELDS[kind].filter((field) => record[field] !== undefined);
      return kept.length === 0 ? undefined : Object.fromEntries(kept.map((field) => [field, record[field]]));
    },
  };
}
