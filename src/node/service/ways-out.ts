import type { AddressGuard } from "../../egress/address-guard.ts";
import { Egress } from "../../egress/egress.ts";
import { EGRESS_LIMITS } from "../../egress/limits.ts";
import type { ExitPolicy } from "../../egress/policy/exit-policy.ts";
import { DnsResolver } from "../../egress/resolver.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** All ways out of the node, to targets and to next hops. */
export interface ServiceWaysOut extends ServicePart {
  readonly egress: Egress;
  stop(): Promise<void>;
}

/** Opens them, with this process's part of the node's sockets. */
export function openWaysOut(
  base: ServiceBase,
  { guard, policy }: { readonly guard: AddressGuard; readonly policy: ExitPolicy },
): ServiceWaysOut {
  const { clock, logger, options } = base;
  const { bindEgress, dnsServers, streamLimits } = options.settings;
  const resolver = new DnsResolver(
    { clock },
    {
      servers: dnsServers,
      maxCachedNames: base.share(EGRESS_LIMITS.maxCachedNames),
      maxCachedAddresses: base.share(EGRESS_LIMITS.maxCachedAddresses),
    },
  );
  const egress = new Egress(
    { clock, logger, resolver, guard, policy },
    {
      bindEgress,
      maxTargetSockets: Math.max(base.share(EGRESS_LIMITS.maxTargetSockets), base.share(streamLimits?.maxStreams ?? 0)),
      maxHopSockets: base.share(EGRESS_LIMITS.maxHopSockets),
      maxUdpFlows: base.share(EGRESS_LIMITS.maxUdpFlows),
      maxPendingLookups: base.share(EGRESS_LIMITS.maxPendingLookups),
    },
  );
  let seen = base.orders().seenAddresses?.join();
  return {
    egress,
    obey({ seenAddresses }) {
      const isSeenElsewhere = seenAddresses?.join() !== seen;
      seen = seenAddresses?.join();
      if (isSeenElsewhere) egress.endProhibited();
    },
    stop() {
      resolver.stop();
      return egress.stop();
    },
  };
}
