import { join } from "node:path";
import type { Settings } from "../config/schema.ts";
import type { Logger } from "../core/logger.ts";
import type { DirectorySettings } from "../discovery/open-directory.ts";
import { chosenNetwork } from "./network-file.ts";

/** How a command takes part in the network that its settings name. */
export interface NetworkPart {
  /** The network's name. */
  readonly name: string;
  readonly directory: DirectorySettings;
  readonly localNetwork: boolean;
}

type NetworkSettings = Pick<Settings, "data" | "network-file" | "bootstrap" | "local-network" | "geo-data">;

/** The file in a data directory that keeps which peers of a network are known. */
export function storeFile(dataDirectory: string, network: string): string {
  return join(dataDirectory, `peers-${network}.sqlite`);
}

/** Reads the network file and opens the address data. Throws ERR_NETWORK_FILE and ERR_GEO_DATA. */
export async function networkPart(values: NetworkSettings, logger: Logger): Promise<NetworkPart> {
  const { network } = await chosenNetwork(values);
  const { openGeo } = await import("../geo/open-geo.ts");
  const path = values["geo-data"];
  const geo = await openGeo({ dataDirectory: values.data, logger, path });
  return {
    name: network.name,
    localNetwork: values["local-network"] || network.localNetwork,
    directory: {
      network: network.name,
      bootstrap: [...new Set([...values.bootstrap, ...network.bootstrap])],
      storePath: storeFile(values.data, network.name),
      geo,
    },
  };
}
