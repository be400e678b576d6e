import { type Limits, limitsOf } from "../../core/limits.ts";

const LIMITS = {
  entries: [8_000_000, "count", "Of all lists together; a name costs about 30 bytes, so 250 MB when full."],
  nameBytes: [268_435_456, "bytes", "Names of all lists; 8,000,000 of the usual 20 bytes take 176 MB."],
  sourceBytes: [268_435_456, "bytes", "One list, unpacked; the largest public ones have 130 MB."],
  lineBytes: [4_096, "bytes", "No entry is longer; of longer lines nothing is kept."],
  sliceMs: [2, "ms", "Reading a list gives way to streams this often; a pause of the garbage collector may add to it."],
  fetchMs: [600_000, "ms", "One list in all: 130 MB at 2 Mbit/s; other addresses wait meanwhile."],
  startWaitMs: [5_000, "ms", "A node starts without lists that take longer; its exit is closed until they are there."],
  fetchSilenceMs: [30_000, "ms", "A server that sends nothing for so long is given up."],
  fetchRedirects: [5, "count", "Release pages lead to a mirror in two or three steps."],
  headerBytes: [1_024, "bytes", "ETag and Last-Modified of a list; longer ones are not kept."],
  refreshHours: [24, "count", "Hours between two refreshes where the operator names none; most lists are daily."],
  lookMs: [60_000, "ms", "How often it is looked whether a file has changed or a refresh is due."],
  retryMs: [60_000, "ms", "After a refresh that failed; doubled after each further one."],
  longestRetryMs: [21_600_000, "ms", "The longest that this grows to; never longer than the refresh itself."],
  fewEntries: [100, "count", "A list with fewer may lose more than half of them: somebody keeps it by hand."],
  leftoverMs: [3_600_000, "ms", "A copy that was half written when the node was killed is removed after it."],
} as const;

/** Bounds of the blocklists. Their authors are strangers: a list that was taken over must cost memory and time that are known. */
export const BLOCKLIST_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
