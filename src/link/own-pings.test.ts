import assert from "node:assert/strict";
import { test } from "node:test";
import { serveLink } from "../../test/support/link-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { LINK_LIMITS } from "./limits.ts";
import { MemoryTransport } from "./memory-transport.ts";

test("who doubts a link a thousand times a second is answered each time, and not sent away for too many pings", {
  timeout: 20_000,
}, async (t) => {
  const clock = new FakeClock();
  const node = await serveLink(new MemoryTransport(), {}, {}, roomyBudget(), clock);
  t.after(() => node[Symbol.asyncDispose]());
  const link = await node.open();
  for (let asked = 0; asked < 2 * LINK_LIMITS.pingBurst.value; asked += 1) {
    assert.ok((await link.ping()) >= 0);
    if (asked % 100 === 99) clock.advance(100);
  }
  assert.equal(await link.get("/.well-known/byway"), '{"v":1}\n');
  link.destroy();
  await assert.rejects(link.ping(), { code: "ERR_HOP_LOST" });
});

test("a hop that no longer answers is found silent, however often it was asked before", {
  timeout: 20_000,
}, async (t) => {
  const clock = new FakeClock();
  const node = await serveLink(new MemoryTransport(), {}, {}, roomyBudget(), clock);
  t.after(() => node[Symbol.asyncDispose]());
  const link = await node.open();
  for (let asked = 0; asked < 2 * LINK_LIMITS.ownPingBurst.value; asked += 1) await link.ping();
  clock.advance(1_000 / LINK_LIMITS.ownPingsPerSecond.value);
  const sent = link.bytesReceived;
  await link.ping();
  assert.ok(link.bytesReceived > sent, "the hop itself was asked");
  link.destroy();
});
