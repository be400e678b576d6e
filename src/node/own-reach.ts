import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Random } from "../core/random.ts";
import { LocalAddresses, type LocalNetwork } from "../egress/local-addresses.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { ClockWords } from "../peers/clock-words.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { AddressWatch } from "./address-watch.ts";
import { askRelay } from "./ask-relay.ts";
import type { NodeOptions } from "./node-options.ts";
import { SELF_LIMITS } from "./self/limits.ts";
import { ReachCheck } from "./self/reach-check.ts";

/** Whether others reach the node. Whoever made it starts and stops it. */
export type OwnReach = Pick<ReachCheck, "state" | "start" | "stop">;

/**
 * Finds out whether others reach the node at `endpoint`, with relays from its book, and again when the machine's addresses
 * change. `listen` in the options is where the node listens in fact.
 */
export function createReachCheck(
  components: {
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
    readonly budget: ByteBudget;
    readonly book: Pick<PeerBook, "find">;
    /** The node's newest advertisement. */
    readonly envelope: () => Uint8Array;
    /** Told what relays show of the time. */
    readonly clockWords?: Pick<ClockWords, "noteRelay"> | undefined;
    /** The operating system's by default. */
    readonly local?: () => LocalNetwork;
  },
  { identity, listen, localNetwork = false, allowClassical = false }: NodeOptions,
  endpoint: HostPort,
): OwnReach {
  const { book, clock, logger } = components;
  const self = identity.peerId;
  const local = components.local ?? localAddresses({ clock, logger });
  const addresses = new AddressWatch(
    { clock, local, onChange: () => check.lookAgain() },
    { hosts: [listen.host, endpoint.host] },
  );
  const check = new ReachCheck(
    {
      ...components,
      relays: () => book.find({ roles: ["relay"] }, SELF_LIMITS.reachDrawn.value, "reached"),
      ask: askRelay(components, { self, localNetwork, allowClassical }),
      isHere: () => addresses.isHere,
      isOwn: (host) => addresses.has(host),
    },
    { self, endpoint, localNetwork },
  );
  return {
    get state() {
      return check.state;
    },
    start() {
      check.start();
      addresses.start();
    },
    async stop() {
      addresses.stop();
      await check.stop();
    },
  };
}

function localAddresses(components: { readonly clock: Clock; readonly logger: Logger }): () => LocalNetwork {
  const machine = new LocalAddresses(components);
  return () => machine.current();
}
