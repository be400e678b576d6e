import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  fileBytes: [
    1_073_741_824,
    "bytes",
    "The largest free city file has 600 MB as text; also bounds what a .gz may grow to.",
  ],
  pageBytes: [4_096, "bytes", "Files are read on demand in pages, as the system keeps them."],
  cachedPages: [64, "count", "Pages kept of one file, 256 KiB: the top of its tree and what was asked last."],
  mmdbMetadataBytes: [
    131_072,
    "bytes",
    "The MaxMind DB format 2.0 puts the metadata into the last 128 KiB.",
    "protocol",
  ],
  mmdbValues: [
    2_048,
    "count",
    "Values read for one address; a city with names in eight languages has 250. Ends pointers in a loop.",
  ],
  mmdbDepth: [16, "count", "Maps in maps; city files have 4."],
  mmdbTextBytes: [4_096, "bytes", "One text in a file; what is longer is no name of a place."],
  mmdbCachedRecords: [512, "count", "Records kept as they were read: there are 250 countries."],
  csvLineBytes: [4_096, "bytes", "One line of a file; city files stay below 400."],
  textChars: [64, "count", "Names of places and providers are cut to what an advertisement may hold."],
  hostingListBytes: [4_194_304, "bytes", "A list of AS numbers is read whole; all 120,000 with their names take less."],
  directoryFiles: [32, "count", "Files opened from one directory of address data; each takes a descriptor."],
  checkedAddresses: [4_096, "count", "Addresses looked up in a new file before it replaces another."],
} as const;

/** Bounds of the geo room. Address data is written by strangers: what a file says of itself is never a reason to allocate. */
export const GEO_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
