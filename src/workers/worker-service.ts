import type { Duplex } from "node:stream";
export interface WorkerService {
  /** Owns `raw` from here on. */
  accept(raw: Duplex): void;
  /** Since when the link on `raw` has been idle, by a clock of its own; undefined while it is in use, or where `raw` is no link. */
  idleSinceMs(raw: Duplex): number | undefined;
  /** Closes the link on `raw` and returns true if it is idle. */
  giveWay(raw: Duplex): boolean;
  /** What it tells of itself. Plain JSON. */
  readonly report: unknown;
  /** Goes by `orders` from now on. Plain JSON. */
  obey(orders: unknown): void;
  /** Does what is asked, and settles with the result. Both plain JSON. */
  answer(asked: unknown): Promise<unknown>;
  /** Settles when every connection is gone. */
  stop(): Promise<void>;
}
