import type { Egress } from "../../egress/egress.ts";
import type { LocateHop } from "../../link/locate-hop.ts";
import { WayDialler } from "../../link/way-dialler.ts";
import { RELAY_LIMITS } from "../../relay/limits.ts";
import type { ProofLog } from "../../relay/proof-log.ts";
import { RelayService } from "../../relay/relay-service.ts";
import { shownHops } from "../shown-hops.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** The relay role; nothing if the node does not have it. `locateHop` knows what the directory knows, if there is one. */
export function openRelay(
  base: ServiceBase,
  components: {
    readonly egress: Pick<Egress, "dialHop">;
    readonly locateHop: LocateHop | undefined;
    readonly log: ProofLog | undefined;
  },
): ServicePart {
  const { clock, budget, options, processes, share } = base;
  const { roles, localNetwork = false } = options.settings;
  if (!roles.includes("relay")) return {};
  const { egress, locateHop = shownHops({ clock }, { localNetwork }), log } = components;
  const transport = { dial: egress.dialHop.bind(egress) };
  const relay = new RelayService(
    { clock, budget, locate: locateHop, dialler: new WayDialler({ clock, budget, transport }), log },
    {
      processes,
      localNetwork,
      maxCarried: share(RELAY_LIMITS.carried),
      maxToHop: share(RELAY_LIMITS.carriedToHop),
      maxWaiting: share(RELAY_LIMITS.waiting),
      maxPendingProofs: share(RELAY_LIMITS.pendingProofs),
    },
  );
  return {
    requests: relay.requests,
    get report() {
      return { failedProofs: relay.failedProofsLastHour };
    },
  };
}
