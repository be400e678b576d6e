import { type Clock, systemClock } from "../../core/clock.ts";
import { type Logger, silentLogger } from "../../core/logger.ts";
import { type Random, systemRandom } from "../../core/random.ts";
import { ByteBudget } from "../../flow/byte-budget.ts";
import { TcpTransport } from "../../link/tcp-transport.ts";
import { type PeerDialler, WayDialler } from "../../link/way-dialler.ts";
import type { ClientOptions } from "../client-options.ts";

/** What all parts of a client work with. */
export interface ClientBase {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly budget: ByteBudget;
  /** Reaches first hops, and nodes to check. */
  readonly dialler: PeerDialler;
  /** Whether nodes without post-quantum key exchange will do. */
  readonly allowClassical: boolean;
  /** Whether addresses that are not public may be used. */
  readonly localNetwork: boolean;
}

export function clientBase(options: ClientOptions): ClientBase {
  const { clock = systemClock, random = systemRandom, logger = silentLogger } = options;
  const { allowClassical = false, localNetwork = false } = options;
  const budget = options.budget ?? new ByteBudget({ clock, logger }, { bytes: options.memoryBudgetBytes });
  const dialler = new WayDialler({ clock, budget, transport: new TcpTransport({ clock }) });
  return { clock, random, logger, budget, dialler, allowClassical, localNetwork };
}
