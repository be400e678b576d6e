import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { AddressGuard } from "./address-guard.ts";
import type { ListMatcher } from "./blocklist/list-match.ts";
import { LocalAddresses } from "./local-addresses.ts";
import { ExitPolicy } from "./policy/exit-policy.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import { DnsResolver } from "./resolver.ts";
import { TargetCheck } from "./target-check.ts";

/** What an exit would be told. */
export interface TargetCheckOptions {
  /** Rules (docs/policy.md). */
  readonly policy: readonly string[];
  readonly allowTargets: readonly HostPort[];
  /** Name servers as `ip` or `ip:port`; those of the system when empty. */
  readonly dnsServers: readonly string[];
  /** Whether names are looked up. */
  readonly resolves: boolean;
}

/**
 * Judges targets as an exit on this machine would that runs with these settings, its listening ports aside. `stop` ends
 * look-ups. Throws ERR_CONFIG_VALUE.
 */
export function createTargetCheck(
  components: { readonly clock: Clock; readonly lists?: ListMatcher },
  options: TargetCheckOptions,
): { readonly check: TargetCheck; readonly stop: () => void } {
  const { clock, lists } = components;
  const { allowTargets, dnsServers, resolves } = options;
  const local = new LocalAddresses({ clock });
  const guard = new AddressGuard({ local: () => local.current(), listeners: () => [] }, { allowTargets });
  const policy = new ExitPolicy(parsePolicy(options.policy), lists);
  const resolver = new DnsResolver({ clock }, dnsServers.length === 0 ? {} : { servers: dnsServers });
  return {
    check: new TargetCheck({ guard, policy, ...(resolves ? { resolver } : {}) }),
    stop: () => resolver.stop(),
  };
}
