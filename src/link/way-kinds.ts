import type { Advertisement } from "../wire/advertisement.ts";
import { DIRECT } from "./direct-way.ts";
import type { Way, WayKind } from "./way.ts";

/** The kinds of ways, the ones to try first. A new kind is a file like `direct-way.ts` and a line here. */
export const WAY_KINDS: readonly WayKind[] = [DIRECT];

/** All ways that a peer says lead to it, the ones to try first. Nothing bounds how many but the advertisement. */
export function waysOf(advertisement: Advertisement): readonly Way[] {
  return WAY_KINDS.flatMap((kind) => kind.offered(advertisement));
}

/**
 * The ways by which this side itself connects to a peer, the ones to try first; none for one that cannot be reached.
 *
 * Of the peer's own endpoints it is the first alone. The peer counts in networks and crowds by that address
 * (`countedAddress`), and a machine that answered at a second one could count in as many networks as it makes up.
 */
export function firstHopWays(advertisement: Advertisement): readonly Way[] {
  const [counted] = advertisement.endpoints;
  return waysOf(advertisement).filter(({ kind, at }) => kind !== DIRECT.kind || at === counted);
}
