import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import type { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { type ConnectionPair, connectionCompliance } from "./connection.compliance.ts";
import type { Transport } from "./transport.ts";

/** What everything that connects to endpoints must do. `endpoint` is a place that can be listened on, with port 0. */
export function transportCompliance(name: string, make: () => Transport, endpoint: HostPort): void {
  async function pair(): Promise<ConnectionPair> {
    const transport = make();
    const incoming = Promise.withResolvers<Duplex>();
    const listener = await transport.listen(endpoint, incoming.resolve);
    const near = await transport.dial(listener.address);
    const far = await incoming.promise;
    return { near, far, close: () => listener.close() };
  }

  connectionCompliance(name, pair);

  test(`${name}: nobody there is ERR_HOP_UNREACHABLE`, async () => {
    const transport = make();
    const listener = await transport.listen(endpoint, () => {});
    await listener.close();
    await assert.rejects(transport.dial(listener.address), (error: BywayError) => error.code === "ERR_HOP_UNREACHABLE");
  });

  test(`${name}: an aborted dial rejects with the reason`, async () => {
    const transport = make();
    const listener = await transport.listen(endpoint, (stream) => stream.resume());
    await assert.rejects(
      transport.dial(listener.address, AbortSignal.abort()),
      (error: BywayError) => error.code === "ERR_ABORTED",
    );
    await listener.close();
  });

  test(`${name}: a place that is taken is ERR_LISTEN_IN_USE`, async () => {
    const transport = make();
    const listener = await transport.listen(endpoint, () => {});
    await assert.rejects(
      transport.listen(listener.address, () => {}),
      (error: BywayError) => error.code === "ERR_LISTEN_IN_USE",
    );
    await listener.close();
  });
}
