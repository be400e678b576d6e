import { type ServingOrders, STARTING_ORDERS } from "../operation/serving-orders.ts";
import type { LinkService } from "./link-service.ts";

/** Sends a node's link service what the operator allows and where others saw the node, whenever either changes. */
export class NodeOrders implements Pick<LinkService, "obey"> {
  readonly #service: Pick<LinkService, "obey">;
  #orders: ServingOrders = STARTING_ORDERS;
  #seen: readonly string[] = [];

  constructor(service: Pick<LinkService, "obey">) {
    this.#service = service;
  }

  /** What the operator allows from now on. */
  obey(orders: ServingOrders): void {
    this.#orders = orders;
    this.#send();
  }

  /** Where others see the node from now on: public addresses. */
  see(addresses: readonly string[]): void {
    this.#seen = addresses;
    this.#send();
  }

  #send(): void {
    this.#service.obey({ ...this.#orders, ...(this.#seen.length === 0 ? {} : { seenAddresses: this.#seen }) });
  }
}
