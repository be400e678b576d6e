import type { ByteBudget } from "../core/byte-budget.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Random } from "../core/random.ts";
import { DIRECTORY_LIMITS } from "../directory/limits.ts";
import type { PeerBook } from "../directory/peer-book.ts";
import { ReachCheck } from "../directory/reach-check.ts";
import { askRelay } from "./ask-relay.ts";
import type { NodeOptions } from "./node-options.ts";

/** Finds out whether others reach the node at `endpoint`, with relays from its book. Whoever made it starts and stops it. */
export function createReachCheck(
  components: {
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly budget: ByteBudget;
    readonly book: Pick<PeerBook, "find">;
    /** The node's newest advertisement. */
    readonly envelope: () => Uint8Array;
  },
  { identity, localNetwork = false, allowClassical = false }: NodeOptions,
  endpoint: HostPort,
): ReachCheck {
  const { book } = components;
  const self = identity.peerId;
  return new ReachCheck(
    {
      ...components,
      relays: () => book.find({ roles: ["relay"] }, DIRECTORY_LIMITS.reachDrawn.value, "random"),
      ask: askRelay(components, { self, localNetwork, allowClassical }),
    },
    { self, endpoint, localNetwork },
  );
}
