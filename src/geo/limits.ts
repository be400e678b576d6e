import { fixed, type Limit, tunable } from "../core/limits.ts";

/** Bounds of the geo room. Address data is written by strangers: what a file says of itself is never a reason to allocate. */
export const GEO_LIMITS: Readonly<
  Record<
    | "fileBytes"
    | "pageBytes"
    | "cachedPages"
    | "mmdbMetadataBytes"
    | "mmdbValues"
    | "mmdbDepth"
    | "mmdbTextBytes"
    | "mmdbCachedRecords"
    | "csvLineBytes"
    | "textChars"
    | "hostingListBytes"
    | "directoryFiles"
    | "checkedAddresses",
    Limit
  >
> = {
  fileBytes: tunable(
    1024 * 1024 * 1024,
    "bytes",
    "The largest free city file has 600 MB as text; also bounds what a .gz may grow to.",
  ),
  pageBytes: tunable(4_096, "bytes", "Files are read on demand in pages, as the system keeps them."),
  cachedPages: tunable(64, "count", "Pages kept of one file, 256 KiB: the top of its tree and what was asked last."),
  mmdbMetadataBytes: fixed(128 * 1024, "bytes", "The MaxMind DB format 2.0 puts the metadata into the last 128 KiB."),
  mmdbValues: tunable(
    2_048,
    "count",
    "Values read for one address; a city with names in eight languages has 250. Ends pointers in a loop.",
  ),
  mmdbDepth: tunable(16, "count", "Maps in maps; city files have 4."),
  mmdbTextBytes: tunable(4_096, "bytes", "One text in a file; what is longer is no name of a place."),
  mmdbCachedRecords: tunable(512, "count", "Records kept as they were read: there are 250 countries."),
  csvLineBytes: tunable(4_096, "bytes", "One line of a file; city files stay below 400."),
  textChars: tunable(64, "count", "Names of places and providers are cut to what an advertisement may hold."),
  hostingListBytes: tunable(
    4 * 1024 * 1024,
    "bytes",
    "A list of AS numbers is read whole; all 120,000 with their names take less.",
  ),
  directoryFiles: tunable(32, "count", "Files opened from one directory of address data; each takes a descriptor."),
  checkedAddresses: tunable(4_096, "count", "Addresses looked up in a new file before it replaces another."),
};
