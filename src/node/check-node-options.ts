import { BywayError } from "../core/errors.ts";
import type { NodeOptions } from "./node-options.ts";
import { ownPolicy } from "./own-policy.ts";

const MAX_WORKERS = 64;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Throws ERR_CONFIG_VALUE for options that no node can be made of. */
export function checkNodeOptions(options: NodeOptions): void {
  const { listen, advertise, workers = 1, log, dataDirectory } = options;
  if (log !== undefined && log.mode !== "off" && dataDirectory === undefined) {
    throw new BywayError("ERR_CONFIG_VALUE", "an accountability log needs a data directory to be in");
  }
  if (WILDCARDS.has(listen.host) && advertise === undefined) {
    throw new BywayError(
      "ERR_CONFIG_VALUE",
      `listening on ${listen.host} does not say where others reach this node; name that address with --advertise`,
    );
  }
  if (advertise?.port === 0) {
    throw new BywayError("ERR_CONFIG_VALUE", "the port of node.advertise (--advertise) is 0, where nobody is reached");
  }
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
    throw new BywayError("ERR_CONFIG_VALUE", `a node has 1 to ${MAX_WORKERS} workers, not ${workers}`);
  }
  // Reads the rules.
  ownPolicy(options);
}
