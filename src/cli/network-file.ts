import { open } from "node:fs/promises";
import { join } from "node:path";
import { DEFAULT_NETWORK, type NetworkFile, parseNetworkFile } from "../config/network-file.ts";
import type { Settings } from "../config/schema.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { CLI_LIMITS } from "./limits.ts";

/** The network that counts, and where it was read; no path for the one that is built in. */
export interface ChosenNetwork {
  readonly network: NetworkFile;
  readonly path: string | undefined;
}

/** Where `byway network use` puts the network file. */
export function installedNetworkFile(dataDirectory: string): string {
  return join(dataDirectory, "network.toml");
}

/** Reads one network file. Throws ERR_NETWORK_FILE. */
export async function readNetworkFile(path: string): Promise<{ network: NetworkFile; text: string }> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size > CLI_LIMITS.networkFileBytes.value) {
      throw new BywayError("ERR_NETWORK_FILE", `the network file ${path} is too large`, { data: { path } });
    }
    const text = await file.readFile("utf8");
    return { network: parseNetworkFile({ path, text }), text };
  } catch (cause) {
    if (cause instanceof BywayError) throw cause;
    throw new BywayError("ERR_NETWORK_FILE", `the network file ${path} cannot be read (${systemCode(cause)})`, {
      data: { path },
      cause,
    });
  }
}

/** The file that `network-file` names, else the installed one, else the built-in network. Throws ERR_NETWORK_FILE. */
export async function chosenNetwork(values: Pick<Settings, "network-file" | "data">): Promise<ChosenNetwork> {
  const named = values["network-file"];
  const path = named ?? installedNetworkFile(values.data);
  try {
    return { network: (await readNetworkFile(path)).network, path };
  } catch (error) {
    const isMissing = error instanceof BywayError && systemCode(error.cause) === "ENOENT";
    if (named !== undefined || !isMissing) throw error;
    return { network: DEFAULT_NETWORK, path: undefined };
  }
}
