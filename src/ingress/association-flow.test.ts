import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { AssociationFlow, type PendingDatagrams } from "./association-flow.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import type { DatagramFlow } from "./stream-opener.ts";

/** Flows of one association whose openings the test ends. */
function bench() {
  const openings: { open: () => number[]; fail: () => void }[] = [];
  const opener = {
    openDatagrams: () =>
      new Promise<DatagramFlow>((resolve, reject) => {
        const sent: number[] = [];
        const closed = Promise.withResolvers<void>();
        const flow: DatagramFlow = {
          send: (payload) => void sent.push(payload.length),
          onDatagram: undefined,
          closed: closed.promise,
          close: () => closed.resolve(),
        };
        openings.push({
          open: () => {
            resolve(flow);
            return sent;
          },
          fail: () => reject(new Error("no way")),
        });
      }),
  };
  const pending: PendingDatagrams = { bytes: 0 };
  const components = { clock: new FakeClock(), logger: silentLogger, opener };
  const flow = () =>
    new AssociationFlow(
      components,
      { target: { host: "192.0.2.1", port: 53 }, user: "", constraints: {} },
      pending,
      () => {},
    );
  return { openings, pending, flow };
}

test("datagrams that wait for their flows to open are bounded for all flows of an association together", async () => {
  const { openings, pending, flow } = bench();
  const flows = Array.from({ length: 50 }, flow);
  for (const one of flows) for (let count = 0; count < 10; count += 1) one.send(new Uint8Array(60_000));
  assert.equal(pending.bytes, 60_000 * Math.floor(INGRESS_LIMITS.maxPendingDatagramBytes.value / 60_000));
  const sent = openings[0]?.open();
  await settled();
  assert.deepEqual([sent?.length, pending.bytes], [4, 0]);
  openings[1]?.fail();
  flows[2]?.send(new Uint8Array(60_000));
  assert.equal(pending.bytes, 60_000);
  openings[2]?.fail();
  await settled();
  assert.equal(pending.bytes, 0);
  for (const one of flows) one.close();
});
