import { isAbsolute, join } from "node:path";
import type { Terminal } from "./terminal.ts";

/** Where things are when nobody says otherwise. */
export interface DefaultPaths {
  readonly configFile: string;
  readonly dataDirectory: string;
}

/** The places of the XDG Base Directory Specification, which has relative values in its variables ignored. */
export function defaultPaths(terminal: Pick<Terminal, "environment" | "homeDirectory">): DefaultPaths {
  const base = (variable: string, ...fallback: string[]): string => {
    const value = terminal.environment[variable];
    return value !== undefined && isAbsolute(value) ? value : join(terminal.homeDirectory, ...fallback);
  };
  return {
    configFile: join(base("XDG_CONFIG_HOME", ".config"), "byway", "byway.toml"),
    dataDirectory: join(base("XDG_DATA_HOME", ".local", "share"), "byway"),
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
