import type { Duplex } from "node:stream";
import type { WorkerContract } from "./messages.ts";
import type { Answers } from "./question-channel.ts";

/** What a worker runs. */
export interface WorkerService<C extends WorkerContract> {
  /** Owns `raw` from here on. */
  accept(raw: Duplex): void;
  /** Since when the link on `raw` has been idle, by a clock of its own; undefined while it is in use, or where `raw` is no link. */
  idleSinceMs(raw: Duplex): number | undefined;
  /** Closes the link on `raw` and returns true if it is idle. */
  giveWay(raw: Duplex): boolean;
  readonly report: C["report"];
  obey(orders: C["orders"]): void;
  readonly answers: Answers<C["workerAnswers"]>;
  /** Settles when every connection is gone. */
  stop(): Promise<void>;
}
