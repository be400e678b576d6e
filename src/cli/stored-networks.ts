import { readdirSync } from "node:fs";
import { isNetworkName } from "../config/network-file.ts";
import { CLI_LIMITS } from "./limits.ts";

const STORE = /^peers-(.+)\.sqlite$/;

/** The networks of which a data directory keeps peers, by name; none where it cannot be read. */
export function storedNetworks(dataDirectory: string): readonly string[] {
  let files: readonly string[];
  try {
    files = readdirSync(dataDirectory);
  } catch {
    return [];
  }
  return files
    .map((file) => STORE.exec(file)?.[1] ?? "")
    .filter(isNetworkName)
    .sort()
    .slice(0, CLI_LIMITS.storedNetworks.value);
}
