import { isAbsolute, join } from "node:path";
import type { Terminal } from "./terminal.ts";

/** Where things are when nobody says otherwise; undefined where that is below a home directory, and there is none. */
export interface DefaultPaths {
  readonly configFile: string | undefined;
  readonly dataDirectory: string | undefined;
}

/** The places of the XDG Base Directory Specification, which has relative values in its variables ignored. */
export function defaultPaths(terminal: Pick<Terminal, "environment" | "homeDirectory">): DefaultPaths {
  const base = (variable: string, ...fallback: string[]): string | undefined => {
    const value = terminal.environment[variable];
    if (value !== undefined && isAbsolute(value)) return value;
    return terminal.homeDirectory === undefined ? undefined : join(terminal.homeDirectory, ...fallback);
  };
  const [config, data] = [base("XDG_CONFIG_HOME", ".config"), base("XDG_DATA_HOME", ".local", "share")];
  return {
    configFile: config && join(config, "byway", "byway.toml"),
    dataDirectory: data && join(data, "byway"),
  };
}

/** The key file in a data directory. */
export function keyFile(dataDirectory: string): string {
  return join(dataDirectory, "identity.pem");
}

/** Where copies of blocklists are kept in a data directory. */
export function blocklistDirectory(dataDirectory: string): string {
  return join(dataDirectory, "blocklists");
}
