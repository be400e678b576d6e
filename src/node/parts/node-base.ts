import { type Clock, systemClock } from "../../core/clock.ts";
import { type Logger, silentLogger } from "../../core/logger.ts";
import { type Random, systemRandom } from "../../core/random.ts";
import { ByteBudget } from "../../flow/byte-budget.ts";
import type { Identity } from "../../identity/identity.ts";
import type { NodeOptions } from "../node-options.ts";

/** What all parts of a node work with. */
export interface NodeBase {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly budget: ByteBudget;
  /** Whether addresses that are not public may be used. */
  readonly localNetwork: boolean;
}

export function nodeBase(options: NodeOptions): NodeBase {
  const { identity, clock = systemClock, random = systemRandom, logger = silentLogger, localNetwork = false } = options;
  const budget = options.budget ?? new ByteBudget({ clock, logger }, { bytes: options.memoryBudgetBytes });
  return { identity, clock, random, logger, budget, localNetwork };
}
