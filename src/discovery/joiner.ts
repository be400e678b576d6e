import { deadline, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { formatPeerAddress } from "../core/peer-address.ts";
import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { Overlay } from "../overlay/overlay.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";
import { Rounds } from "./rounds.ts";

/** What a joiner is made of. */
export interface JoinerComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly overlay: Pick<Overlay, "connect" | "connected">;
  /** At most `count` peers of former times to try, the most promising first. */
  readonly remembered: (count: number) => readonly KnownPeer[];
  /** Told of each connection that was made. */
  readonly onJoined: (peer: PeerId) => void;
}

/** Keeps this peer connected to the overlay: through the bootstrap addresses, and through peers of former times beside them. */
export class Joiner {
  readonly #components: JoinerComponents;
  readonly #bootstrap: readonly string[];
  readonly #rounds: Rounds;
  #failures = 0;
  #isReported = false;
  /** Ends with the running round, or with its first connection. */
  #trying: Promise<void> = Promise.resolve();
  #reason = "";

  /** `bootstrap` are multiaddrs that end in a peer id. */
  constructor(components: JoinerComponents, bootstrap: readonly string[]) {
    this.#components = components;
    this.#bootstrap = bootstrap;
    this.#rounds = new Rounds(
      components,
      (signal) => this.#round(signal),
      () => this.#pauseMs(),
    );
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Settles when there is a connection, for someone who waits. Throws ERR_NETWORK_UNREACHABLE when a try now finds none. */
  async reach(signal: AbortSignal): Promise<void> {
    if (this.#components.overlay.connected().length > 0) return;
    this.#rounds.hasten();
    await withAbort(this.#trying, signal);
    if (this.#components.overlay.connected().length > 0) return;
    throw new BywayError("ERR_NETWORK_UNREACHABLE", `no peer of the network can be reached${this.#reason}`);
  }

  #pauseMs(): number {
    const { joinRetryMs, joinRetryMaxMs, joinLookMs } = DISCOVERY_LIMITS;
    return this.#failures === 0
      ? joinLookMs.value
      : Math.min(joinRetryMaxMs.value, joinRetryMs.value * 2 ** (this.#failures - 1));
  }

  /** The first connection is enough for those who wait; the round goes on for the others. */
  #round(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#trying = promise;
    return this.#connectAll(signal, resolve).finally(resolve);
  }

  async #connectAll(signal: AbortSignal, onConnected: () => void): Promise<void> {
    const { overlay, random, logger } = this.#components;
    if (overlay.connected().length >= DISCOVERY_LIMITS.joinConnections.value) return;
    const remembered = this.#components.remembered(DISCOVERY_LIMITS.joinAttempts.value);
    const known = remembered.flatMap(addressesOf);
    const bootstrap = shuffled(this.#bootstrap, random).slice(0, DISCOVERY_LIMITS.joinAttempts.value);
    const addresses = [...new Set([...bootstrap, ...known])];
    if (addresses.length === 0) return;
    const reasons = await Promise.all(addresses.map((address) => this.#connect(address, signal, onConnected)));
    if (signal.aborted) return;
    if (overlay.connected().length > 0) {
      this.#failures = 0;
      if (this.#isReported) logger.info("the network is reached again");
      this.#isReported = false;
      return;
    }
    this.#failures += 1;
    const reason = reasons.find((one) => one !== undefined);
    this.#reason = reason === undefined ? "" : `: ${reason}`;
    if (this.#isReported) return;
    this.#isReported = true;
    logger.warn("no peer of the network can be reached; trying again, and going on with the nodes known so far", {
      tried: addresses.length,
      fromBootstrap: bootstrap.length,
      known: remembered.length,
      reason,
    });
  }

  /** The reason when it fails. */
  async #connect(address: string, parent: AbortSignal, onConnected: () => void): Promise<string | undefined> {
    const { clock, overlay, onJoined } = this.#components;
    using limit = deadline(
      clock,
      DISCOVERY_LIMITS.joinMs.value,
      () => new BywayError("ERR_PEER_UNREACHABLE", `${address} did not answer`),
      parent,
    );
    try {
      const peer = await overlay.connect(address, limit.signal);
      onConnected();
      onJoined(peer);
      return undefined;
    } catch (error) {
      return toBywayError(error).message;
    }
  }
}

function addressesOf({ advertisement }: KnownPeer): readonly string[] {
  const [endpoint] = advertisement.endpoints;
  return endpoint === undefined ? [] : [formatPeerAddress({ ...endpoint, peer: advertisement.peer })];
}
