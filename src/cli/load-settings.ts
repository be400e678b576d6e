import { open } from "node:fs/promises";
import type { Command } from "commander";
import type { Mistakes } from "../config/mistakes.ts";
import { type ResolvedSettings, resolveSettings } from "../config/resolve-settings.ts";
import { settingRow } from "../config/schema.ts";
import type { SettingGroup } from "../config/setting.ts";
import type { ConfigFile } from "../config/sources.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { CLI_LIMITS } from "./limits.ts";
import { createLogger } from "./logger.ts";
import { defaultPaths } from "./paths.ts";
import { givenFlags } from "./setting-options.ts";
import type { Terminal } from "./terminal.ts";

/** The settings of one command line, and the logger that they ask for. */
export interface LoadedSettings extends ResolvedSettings {
  /** The file that counts, whether it exists or not; undefined where none is named and there is no home directory. */
  readonly configPath: string | undefined;
  readonly configExists: boolean;
  /** What it holds; undefined if it does not exist. */
  readonly fileText: string | undefined;
  readonly logger: Logger;
}

/** The configuration file that counts: `--config`, else `BYWAY_CONFIG`, else the default, which may be missing. */
export function configPath(
  terminal: Terminal,
  command: Command,
): { readonly path: string | undefined; readonly isNamed: boolean } {
  const { config } = command.optsWithGlobals<{ readonly config?: string }>();
  const named = config ?? (terminal.environment.BYWAY_CONFIG || undefined);
  return { path: named ?? defaultPaths(terminal).configFile, isNamed: named !== undefined };
}

/** The text of a file, without a byte order mark. Bytes that are not UTF-8 would silently become other names and passwords. */
function decoded(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const message = `the configuration file ${path} is not UTF-8: save it again with that encoding`;
    throw new BywayError("ERR_CONFIG_FILE", message, { data: { path }, cause });
  }
}

async function readConfigFile(path: string, isNamed: boolean): Promise<ConfigFile | undefined> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size > CLI_LIMITS.configFileBytes.value) {
      throw new BywayError("ERR_CONFIG_FILE", `the configuration file ${path} is larger than 1 MiB`, {
        data: { path },
      });
    }
    return { path, text: decoded(path, await file.readFile()) };
  } catch (cause) {
    if (cause instanceof BywayError) throw cause;
    const code = systemCode(cause);
    // A service's user often has /dev/null for its home.
    if ((code === "ENOENT" || code === "ENOTDIR") && !isNamed) return undefined;
    const advice = isNamed ? "" : "; it is the default of this user's HOME, which may be another user's";
    throw new BywayError("ERR_CONFIG_FILE", `the configuration file ${path} cannot be read (${code})${advice}`, {
      data: { path },
      cause,
    });
  }
}

/** Reads the file, the environment and the flags of `command`. Throws as `resolveSettings` does, or notes mistakes in `gathered`. */
export async function loadSettings(
  terminal: Terminal,
  command: Command,
  name: SettingGroup,
  gathered?: Mistakes,
): Promise<LoadedSettings> {
  const { path, isNamed } = configPath(terminal, command);
  const file = path === undefined ? undefined : await readConfigFile(path, isNamed);
  const sources = {
    homeDirectory: terminal.homeDirectory,
    defaults: { data: defaultPaths(terminal).dataDirectory },
    file,
    environment: terminal.environment,
    flags: givenFlags(command, name),
  };
  const resolved = resolveSettings(sources, gathered);
  if (resolved.values.data === undefined && settingRow("data").groups.includes(name)) {
    throw new BywayError(
      "ERR_CONFIG_VALUE",
      "no home directory is known to keep data in: name a directory with --data",
      {
        data: { key: "data" },
      },
    );
  }
  const logger = createLogger({
    level: resolved.values["log-level"],
    isPlain: terminal.errorIsTty,
    write: (line) => terminal.writeError(line),
  });
  for (const variable of resolved.unknownVariables) {
    logger.warn("a BYWAY_ variable that nothing reads is set", { variable: variable.name, nearest: variable.nearest });
  }
  return { ...resolved, configPath: path, configExists: file !== undefined, fileText: file?.text, logger };
}
