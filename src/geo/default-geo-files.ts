import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Attribution } from "./attribution.ts";
import type { GeoKind } from "./geo-file.ts";

/** A file of address data that comes with the dependencies. */
export interface DefaultGeoFile {
  readonly path: string;
  readonly kind: GeoKind;
  /** When the data was made; undefined where the package does not say. */
  readonly dateMs: number | undefined;
  readonly attribution: Attribution;
}

/**
 * The address data that npm brings: countries, and the numbers and names of autonomous systems. It has no regions and cities.
 * What is not installed is left out; AS data is an optional dependency, since it is large.
 */
export function defaultGeoFiles(): readonly DefaultGeoFile[] {
  return [
    ...filesOf(
      "@ip-location-db/geo-whois-asn-country-mmdb",
      () => import.meta.resolve("@ip-location-db/geo-whois-asn-country-mmdb/package.json"),
      {
        kind: "country",
        names: ["geo-whois-asn-country.mmdb"],
        attribution: {
          credit: "ip-location-db, from geofeeds, whois and the statistics of the NRO (https://www.nro.net)",
          licence: "CC0-1.0",
        },
      },
    ),
    ...filesOf("@ip-location-db/asn", () => import.meta.resolve("@ip-location-db/asn/package.json"), {
      kind: "asn",
      names: ["asn-ipv4.csv", "asn-ipv6.csv"],
      attribution: {
        credit:
          "ip-location-db, merged from Route Views (https://www.routeviews.org), IP to ASN Lite by DB-IP (https://db-ip.com) and the NRO (https://www.nro.net)",
        licence: "CC-BY-4.0",
      },
    }),
  ];
}

interface PackageOfFiles {
  readonly kind: GeoKind;
  readonly names: readonly string[];
  readonly attribution: Attribution;
}

/** Where a bundle of CommonJS, which knows no place of its own, finds a package: beside the program. */
function besideProgram(name: string): string {
  return pathToFileURL(createRequire(join(process.cwd(), "program.js")).resolve(`${name}/package.json`)).href;
}

function filesOf(
  packageName: string,
  find: () => string,
  { kind, names, attribution }: PackageOfFiles,
): readonly DefaultGeoFile[] {
  let url: string;
  let description: string;
  try {
    url = typeof import.meta.resolve === "function" ? find() : besideProgram(packageName);
    description = readFileSync(fileURLToPath(url), "utf8");
  } catch {
    return [];
  }
  const dateMs = versionDate(description);
  return names.map((name) => ({ path: fileURLToPath(new URL(name, url)), kind, dateMs, attribution }));
}

/** The day in a version such as `2.3.2026061719`. */
function versionDate(description: string): number | undefined {
  const [, year, month, day] = /"version":\s*"\d+\.\d+\.(\d{4})(\d\d)(\d\d)\d*"/.exec(description) ?? [];
  return year === undefined ? undefined : Date.UTC(Number(year), Number(month) - 1, Number(day));
}
