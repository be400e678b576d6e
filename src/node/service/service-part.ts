import type { Clock } from "../../core/clock.ts";
import type { Limit } from "../../core/limits.ts";
import type { Logger } from "../../core/logger.ts";
import type { ByteBudget } from "../../flow/byte-budget.ts";
import type { RequestRow } from "../../link/request-table.ts";
import type { ServingOrders } from "../../operation/serving-orders.ts";
import type { ServingReport } from "../../operation/serving-report.ts";
import type { RefusalCounts } from "../../rate/refusal-counts.ts";
import type { LinkServiceOptions } from "../link-service-options.ts";

/** What all parts of a link service work with. */
export interface ServiceBase {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly budget: ByteBudget;
  readonly refusals: RefusalCounts;
  readonly options: LinkServiceOptions;
  /** Number of this process among those of the node that serve links, from 1. */
  readonly processNumber: number;
  /** How many these are. */
  readonly processes: number;
  /** What the operator allows now. */
  orders(): ServingOrders;
  /** This process's part of a bound that is for the whole node, at least 1. */
  share(whole: Limit | number): number;
}

/** One part of a link service. A part leaves out what it does not need. */
export interface ServicePart {
  /** The requests that it serves. */
  readonly requests?: readonly RequestRow[];
  /** What it knows of the service's report. */
  readonly report?: Partial<ServingReport>;
  /** Called when the operator's orders change; `orders` of the base has them by then. */
  obey?(orders: ServingOrders): void;
  /** Ends what it owns. Called once. */
  stop?(): Promise<void> | void;
}
