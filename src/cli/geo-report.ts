import { DAY_MS } from "../core/units.ts";
import type { GeoFacts } from "../geo/geo-facts.ts";
import type { GeoFileInUse } from "../geo/open-geo.ts";
import { jsonLine } from "./json-line.ts";

/** What is known of one address. */
export interface GeoAnswer extends GeoFacts {
  readonly ip: string;
}

// Networks change hands: after this long, one address in some dozens is told wrongly.
const OLD_DAYS = 90;

/** The day of a time, as `2026-06-17`. */
function day(dateMs: number): string {
  return new Date(dateMs).toISOString().slice(0, 10);
}

/** The files in use and what they say, for people. */
export function geoText(files: readonly GeoFileInUse[], answers: readonly GeoAnswer[], nowMs: number): string {
  const lines =
    files.length === 0
      ? ["No address data is installed."]
      : ["Address data; of two files that know, the later one counts:"];
  for (const { kind, format, family, dateMs, bytes, origin, path, title, attribution } of files) {
    const families = family === "both" ? "IPv4 and IPv6" : family === "ipv4" ? "IPv4" : "IPv6";
    const size = `${(bytes / 1e6).toFixed(1)} MB`;
    const made = format === "mmdb" || origin === "npm" ? "of" : "written";
    const named = title === undefined ? "" : `, "${title}"`;
    lines.push(`  ${kind ?? "mixed"} (${origin}): ${path}`);
    lines.push(`    ${format}, ${families}, ${made} ${day(dateMs)}, ${size}${named}`);
    lines.push(`    ${attribution.credit}. Licence: ${attribution.licence}`);
  }
  if (!files.some(({ kind }) => kind === "hosting")) lines.push("  hosting: the list of AS numbers in Byway itself");
  const oldest = Math.min(...files.map(({ dateMs }) => dateMs));
  if (nowMs - oldest > OLD_DAYS * DAY_MS) {
    const days = Math.floor((nowMs - oldest) / DAY_MS);
    lines.push(`Some of it is ${days} days old; install fresher data with byway geo update --from FILE|URL.`);
  }
  for (const { ip, ...facts } of answers) {
    lines.push("", ip);
    for (const [name, value] of Object.entries(facts)) lines.push(`  ${name.padEnd(10)} ${value}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The same for programs; dates as `2026-06-17`. */
export function geoJson(files: readonly GeoFileInUse[], answers: readonly GeoAnswer[]): string {
  const shown = files.map(({ dateMs, attribution, kind, title, ...file }) => ({
    ...file,
    kind: kind ?? "mixed",
    date: day(dateMs),
    title: title ?? null,
    ...attribution,
  }));
  return jsonLine({ files: shown, addresses: answers });
}
