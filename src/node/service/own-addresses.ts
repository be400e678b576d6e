import { AddressGuard } from "../../egress/address-guard.ts";
import { LocalAddresses } from "../../egress/local-addresses.ts";
import { lookUpNat64 } from "../../egress/nat64-lookup.ts";
import { Nat64Watch } from "../../egress/nat64-watch.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** One object, as the guard remembers its answers by which one it is. */
const NOWHERE: readonly string[] = [];

/** What keeps all ways out off the node's own addresses and what is behind them. */
export interface OwnAddresses extends ServicePart {
  readonly guard: AddressGuard;
  stop(): Promise<void>;
}

/** `onChange` is called when more turns out to be the node's own. */
export function openOwnAddresses(base: ServiceBase, onChange: () => void): OwnAddresses {
  const { clock, logger, options } = base;
  const { roles, dnsServers, localNetwork = false, allowTargets = [] } = options.settings;
  const local = new LocalAddresses({ clock, logger });
  const nat64 = new Nat64Watch({
    clock,
    logger,
    local: () => local.current(),
    lookUp: (signal) => lookUpNat64(clock, dnsServers, signal),
    onChange,
  });
  // A lab stands behind no translator, and one that only tells peers of each other has no way out.
  if (!localNetwork && roles.some((role) => role !== "bootstrap")) nat64.start();
  const guard = new AddressGuard(
    {
      local: () => local.current(),
      listeners: () => options.listeners,
      seen: () => base.orders().seenAddresses ?? NOWHERE,
      inside: (ip) => nat64.inside(ip),
      perhapsInside: (ip) => nat64.perhapsInside(ip),
    },
    { allowTargets, localNetwork },
  );
  return { guard, stop: () => nat64.stop() };
}
