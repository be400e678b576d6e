import { type Limit, tunable } from "../core/limits.ts";

/** The bounds of the command line. */
export const CLI_LIMITS: Readonly<
  Record<
    | "stopGraceMs"
    | "exitGraceMs"
    | "waitingOutputBytes"
    | "outputRetryMs"
    | "configFileBytes"
    | "networkFileBytes"
    | "fetchMs"
    | "fetchRedirects"
    | "reportedStreams"
    | "storedNetworks",
    Limit
  >
> = {
  stopGraceMs: tunable(1_500, "ms", "What runs is left to the end of the process when it has not stopped by then."),
  exitGraceMs: tunable(1_900, "ms", "A stopped command is gone within two seconds, and has tidied up before."),
  waitingOutputBytes: tunable(
    65_536,
    "bytes",
    "Log lines that wait for a terminal or pipe that takes none: about 400.",
  ),
  outputRetryMs: tunable(100, "ms", "How often what waits is tried again: Ctrl-Q shows the rest at once."),
  configFileBytes: tunable(1_048_576, "bytes", "A configuration is small; a larger file was named by mistake."),
  networkFileBytes: tunable(65_536, "bytes", "A name and at most 64 addresses of 330 characters and 64 peer ids."),
  fetchMs: tunable(1_800_000, "ms", "One file of address data: 600 MB at 3 Mbit/s."),
  fetchRedirects: tunable(5, "count", "Release pages lead to a mirror in two or three steps."),
  reportedStreams: tunable(100, "count", "Streams that a report for an abuse desk lists; all of them are counted."),
  storedNetworks: tunable(32, "count", "Networks of one data directory; to find the last one, each store is opened."),
};
