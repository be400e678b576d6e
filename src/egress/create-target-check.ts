import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import { AddressGuard } from "./address-guard.ts";
import type { ListMatcher } from "./blocklist/list-match.ts";
import { LocalAddresses, type LocalNetwork } from "./local-addresses.ts";
import { lookUpNat64 } from "./nat64-lookup.ts";
import { Nat64Watch, wellKnownInside } from "./nat64-watch.ts";
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
  /** Whether names are looked up, and what the network translates. */
  readonly resolves: boolean;
  /** Where the node listens, and where it says that others reach it. Default none. */
  readonly listeners?: readonly HostPort[];
  /** Other addresses at which others saw the node. Default none. */
  readonly seen?: readonly string[];
}

/**
 * Judges targets as an exit on this machine would that runs with these settings. Settles when it is known what the network
 * translates, or that nobody says so. `stop` ends look-ups. Throws ERR_CONFIG_VALUE.
 */
export async function createTargetCheck(
  components: { readonly clock: Clock; readonly logger: Logger; readonly lists?: ListMatcher | undefined },
  options: TargetCheckOptions,
): Promise<{ readonly check: TargetCheck; readonly stop: () => Promise<void> }> {
  const { clock, logger, lists } = components;
  const { allowTargets, dnsServers, resolves, listeners = [], seen = [] } = options;
  const addresses = new LocalAddresses({ clock, logger });
  const local = (): LocalNetwork => addresses.current();
  const policyRules = parsePolicy(options.policy);
  const servers = dnsServers.length === 0 ? undefined : dnsServers;
  const resolver = new DnsResolver({ clock }, { servers });
  const nat64 = new Nat64Watch({
    clock,
    logger,
    local,
    lookUp: (signal) => lookUpNat64(clock, resolver.servers, signal),
  });
  const inside = (ip: string): readonly string[] => (resolves ? nat64.inside(ip) : wellKnownInside(ip));
  const perhapsInside = (ip: string): readonly string[] => (resolves ? nat64.perhapsInside(ip) : []);
  const guard = new AddressGuard(
    { local, listeners: () => listeners, seen: () => seen, inside, perhapsInside },
    { allowTargets },
  );
  const policy = new ExitPolicy(policyRules, lists, inside);
  if (resolves) nat64.start();
  await nat64.settled();
  return {
    check: new TargetCheck({ guard, policy, toleratesLookup: true, ...(resolves ? { resolver } : {}) }),
    async stop() {
      resolver.stop();
      await nat64.stop();
    },
  };
}
