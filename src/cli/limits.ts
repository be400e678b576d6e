import { type Limit, tunable } from "../core/limits.ts";

/** The bounds of the command line. */
export const CLI_LIMITS: Readonly<Record<"stopGraceMs" | "configFileBytes", Limit>> = {
  stopGraceMs: tunable(1_500, "ms", "A stopped command is gone within two seconds, whatever its peers do."),
  configFileBytes: tunable(1_048_576, "bytes", "A configuration is small; a larger file was named by mistake."),
};
