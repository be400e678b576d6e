import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { LocateHop } from "../link/locate-hop.ts";
import { waysOf } from "../link/way-kinds.ts";
import { openAdvertisement } from "../peers/signed-advertisement.ts";

/** Next hops of a relay that has no directory: they are where the advertisement says that the request shows. */
export function shownHops(
  { clock }: { readonly clock: Clock },
  { localNetwork }: { readonly localNetwork: boolean },
): LocateHop {
  return async ({ peerId, shown }) => {
    if (shown === undefined) throw new BywayError("ERR_HOP_UNKNOWN", "this relay knows no nodes, and was shown none");
    const advertisement = openAdvertisement(shown, { nowMs: clock.nowMs(), localNetwork });
    if (advertisement.peer !== peerId) throw new BywayError("ERR_HOP_UNKNOWN", "the advertisement is of another peer");
    return { ways: waysOf(advertisement) };
  };
}
