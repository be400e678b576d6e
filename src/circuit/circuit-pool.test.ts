import assert from "node:assert/strict";
import { test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { serveLink } from "../../test/support/link-bench.ts";
import { systemClock } from "../core/clock.ts";
import { MemoryTransport } from "../link/memory-transport.ts";
import { CircuitBuilder } from "./circuit-builder.ts";
import { CircuitPool } from "./circuit-pool.ts";

test("stopping ends the circuits too that were replaced and only finish their streams", async () => {
  await using served = await serveLink(new MemoryTransport(), {
    connectTarget: async (incoming) => void incoming.accept(),
  });
  const builder = new CircuitBuilder({ clock: systemClock, dialler: { dial: served.dial } });
  const pool = new CircuitPool({ builder });
  const plan = () => [
    { peerId: served.identity.peerId, endpoint: { host: "192.0.2.1", port: 443 }, envelope: new Uint8Array() },
  ];
  const first = await pool.circuit("a", plan);
  const stream = await first.openStream({ host: "target.example", port: 80 });
  const closed = closeOf(stream.resume());
  first.close();
  assert.notEqual(await pool.circuit("a", plan), first);
  await pool.stop();
  assert.equal(stream.destroyed, true);
  await Promise.all([closed, first.closed]);
});
