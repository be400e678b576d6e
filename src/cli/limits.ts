import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  stopGraceMs: [1_500, "ms", "What runs is left to the end of the process when it has not stopped by then."],
  exitGraceMs: [1_900, "ms", "A stopped command is gone within two seconds, and has tidied up before."],
  waitingOutputBytes: [65_536, "bytes", "Log lines that wait for a terminal or pipe that takes none: about 400."],
  outputRetryMs: [100, "ms", "How often what waits is tried again: Ctrl-Q shows the rest at once."],
  configFileBytes: [1_048_576, "bytes", "A configuration is small; a larger file was named by mistake."],
  networkFileBytes: [65_536, "bytes", "A name and at most 64 addresses of 330 characters and 64 peer ids."],
  fetchMs: [1_800_000, "ms", "One file of address data: 600 MB at 3 Mbit/s."],
  fetchRedirects: [5, "count", "Release pages lead to a mirror in two or three steps."],
  reportedStreams: [100, "count", "Streams that a report for an abuse desk lists; all of them are counted."],
  storedNetworks: [32, "count", "Networks of one data directory; to find the last one, each store is opened."],
} as const;

/** The bounds of the command line. */
export const CLI_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
