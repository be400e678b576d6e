import assert from "node:assert/strict";
import { test } from "node:test";
import { type ServingOrders, STARTING_ORDERS } from "../operation/serving-orders.ts";
import { NodeOrders } from "./node-orders.ts";

test("what the operator allows and what others saw reach the link service together, whichever changed", () => {
  const told: ServingOrders[] = [];
  const orders = new NodeOrders({ obey: (given) => told.push(given) });
  orders.see(["45.1.0.1"]);
  orders.obey({ endsStreams: false, bytesPerSecond: 1 });
  orders.see(["46.2.0.2"]);
  orders.obey({ endsStreams: false });
  orders.see([]);
  assert.deepEqual(told, [
    { ...STARTING_ORDERS, seenAddresses: ["45.1.0.1"] },
    { endsStreams: false, bytesPerSecond: 1, seenAddresses: ["45.1.0.1"] },
    { endsStreams: false, bytesPerSecond: 1, seenAddresses: ["46.2.0.2"] },
    { endsStreams: false, seenAddresses: ["46.2.0.2"] },
    { endsStreams: false },
  ]);
});
