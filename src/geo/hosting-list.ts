import { geoFault } from "./geo-file.ts";
import { asnField } from "./geo-record.ts";
import { GEO_LIMITS } from "./limits.ts";
import type { PagedFile } from "./paged-file.ts";

/**
 * The AS numbers in a text file: one a line, `64496` or `AS64496`, with anything behind a space, comma or `#`; lines that begin
 * with `#` are passed over. Throws ERR_GEO_DATA if a line begins with something else, or there is no number at all.
 */
export function readHostingList(file: PagedFile): ReadonlySet<number> {
  if (file.size > GEO_LIMITS.hostingListBytes.value) throw geoFault(file.path, "is too large for a list of AS numbers");
  const asns = new Set<number>();
  const lines = file
    .text(0, file.size)
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const [word = ""] = line.trim().split(/[\s,#]/, 1);
    if (word === "") continue;
    const asn = asnField(word);
    if (asn === undefined) throw geoFault(file.path, `has no AS number in line ${index + 1}`);
    asns.add(asn);
  }
  if (asns.size === 0) throw geoFault(file.path, "has no AS number");
  return asns;
}

/** Whether the first lines of `file` look like a list of AS numbers and not like ranges of addresses. */
export function looksLikeHostingList(file: PagedFile): boolean {
  const head = file.text(0, Math.min(file.size, GEO_LIMITS.csvLineBytes.value));
  const first = head.split(/\r?\n/).find((line) => /^[^#\s]/.test(line.trim()));
  // A range begins with two addresses; decimal ones could pass for AS numbers.
  return first !== undefined && /^\s*(?:AS)?\d{1,10}\s*(?:$|[#\s]|,(?!\s*"?\d))/i.test(first);
}
