import type { Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { Credentials } from "./credentials.ts";
import type { GuessPace } from "./guess-pace.ts";
import type { NameRule } from "./name-rule.ts";
import type { Refusals } from "./refusals.ts";
import type { StreamOpener } from "./stream-opener.ts";
import type { Lease } from "./user-limits.ts";

/** What every protocol of the proxy works with. */
export interface FrontComponents {
  readonly opener: StreamOpener;
  readonly clock: Clock;
  readonly budget: ByteBudget;
  readonly logger: Logger;
  readonly credentials: Credentials;
  readonly guesses: GuessPace;
  readonly names: NameRule;
  readonly refusals: Refusals;
  /** Lets a request of a user begin on a connection, or throws ERR_USER_LIMIT; whoever calls releases the lease. */
  readonly admit: (user: string, socket: Socket) => Lease;
}

/** One of the protocols that the proxy speaks. */
export interface Front {
  /** The first byte of each connection of its protocol; undefined for the front that serves all others. */
  readonly firstByte: number | undefined;
  /**
   * Serves one connection, whose first bytes are `first`, and owns the socket from here on. Resolves when nothing of
   * it is left; never rejects. The server ends a connection by resetting its socket.
   */
  serve(socket: Socket, first: Uint8Array): Promise<void>;
}
