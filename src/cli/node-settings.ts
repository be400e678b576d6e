import type { Mistakes } from "../config/mistakes.ts";
import type { Settings } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { isLoopback } from "../core/is-loopback.ts";
import { silentLogger } from "../core/logger.ts";
import { formatHostPort } from "../core/network-address.ts";
import { egressBinding } from "../egress/address-order.ts";
import { Blocklists } from "../egress/blocklist/blocklists.ts";
import { policyMistakes } from "../egress/policy/parse-policy.ts";
import { systemLocalTime } from "../operation/local-time.ts";
import { OpeningHours } from "../operation/opening-hours.ts";
import { operatorOptions } from "./operator-options.ts";

/**
 * Whether `node` would take the settings: notes ERR_CONFIG_VALUE and ERR_CONFIG_EXPOSED for what a look at the form of
 * each value does not show. Opens nothing: a list that is not there yet is no fault of the settings.
 */
export function checkNodeSettings(components: { readonly clock: Clock }, values: Settings, mistakes: Mistakes): void {
  for (const mistake of policyMistakes(values["node.policy"])) mistakes.add(mistake, { key: "node.policy" });
  for (const line of values["node.hours"])
    mistakes.check(["node.hours"], () => new OpeningHours({ local: systemLocalTime }, [line]));
  const { blocklists = [] } = operatorOptions(values);
  for (const [index, list] of blocklists.entries())
    mistakes.check([], () => new Blocklists({ ...components, logger: silentLogger }, { lists: [list] }), {
      key: "node.blocklists",
      table: index + 1,
    });
  mistakes.check(["node.bind-egress"], () => egressBinding(values["node.bind-egress"]));
  mistakes.check(["node.metrics"], () => checkMetrics(values["node.metrics"]));
}

function checkMetrics(metrics: Settings["node.metrics"]): void {
  if (metrics === undefined || isLoopback(metrics.host)) return;
  throw new BywayError("ERR_CONFIG_EXPOSED", `node.metrics: ${formatHostPort(metrics)} is no loopback address`);
}
