import { type ServingOrders, STARTING_ORDERS } from "../operation/serving-orders.ts";
import type { LinkEnd } from "./link-end.ts";

/** Tells the ends of links what the operator allows and where others saw the node, whenever either is another. */
export class EndOrders implements Pick<LinkEnd, "obey"> {
  readonly #ends: Pick<LinkEnd, "obey">;
  #orders: ServingOrders = STARTING_ORDERS;
  #seen: readonly string[] = [];

  constructor(ends: Pick<LinkEnd, "obey">) {
    this.#ends = ends;
  }

  /** What the operator allows from now on. */
  obey(orders: ServingOrders): void {
    this.#orders = orders;
    this.#tell();
  }

  /** Where others see the node from now on: public addresses. */
  see(addresses: readonly string[]): void {
    this.#seen = addresses;
    this.#tell();
  }

  #tell(): void {
    this.#ends.obey({ ...this.#orders, ...(this.#seen.length === 0 ? {} : { seenAddresses: this.#seen }) });
  }
}
