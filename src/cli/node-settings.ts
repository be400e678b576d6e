import type { Settings } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { isLoopback } from "../core/is-loopback.ts";
import { silentLogger } from "../core/logger.ts";
import { formatHostPort } from "../core/network-address.ts";
import { Blocklists } from "../egress/blocklist/blocklists.ts";
import { parsePolicy } from "../egress/policy/parse-policy.ts";
import { systemLocalTime } from "../operation/local-time.ts";
import { OpeningHours } from "../operation/opening-hours.ts";
import { operatorOptions } from "./operator-options.ts";

/**
 * Whether `node` would take the settings: throws ERR_CONFIG_VALUE and ERR_CONFIG_EXPOSED for what a look at the form of
 * each value does not show. Opens nothing: a list that is not there yet is no fault of the settings.
 */
export function checkNodeSettings(components: { readonly clock: Clock }, values: Settings): void {
  parsePolicy(values["node.policy"]);
  new OpeningHours({ local: systemLocalTime }, values["node.hours"]);
  const { blocklists: lists = [] } = operatorOptions(values);
  new Blocklists({ ...components, logger: silentLogger }, { lists });
  const metrics = values["node.metrics"];
  if (metrics !== undefined && !isLoopback(metrics.host)) {
    throw new BywayError("ERR_CONFIG_EXPOSED", `node.metrics: ${formatHostPort(metrics)} is no loopback address`);
  }
}
