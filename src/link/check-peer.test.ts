import assert from "node:assert/strict";
import { test } from "node:test";
import { serveLink } from "../../test/support/link-bench.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import { checkPeer } from "./check-peer.ts";
import { directTo } from "./direct-way.ts";
import { TcpTransport } from "./tcp-transport.ts";

const clock = systemClock;
const ways = [directTo({ host: "127.0.0.1", port: 1 })];

test("a peer that serves links answers; another key at its place, and nobody, do not", async () => {
  await using served = await serveLink(new TcpTransport({ clock }), {});
  const components = { clock, budget: roomyBudget(), dialler: { reach: () => served.dial() } };
  const check = (peerId = served.identity.peerId): Promise<number> =>
    checkPeer(components, { peerId, ways, allowClassical: false, thorough: true }, AbortSignal.timeout(10_000));
  assert.ok((await check()) > 0);
  await assert.rejects(check(generateIdentity().peerId), { code: "ERR_HOP_IDENTITY" });
  assert.equal(served.server.links, 0);
});

test("without a link any server that takes connections passes, and nobody does not", async (t) => {
  await using served = await serveLink(new TcpTransport({ clock }), {});
  const components = { clock, budget: roomyBudget(), dialler: { reach: () => served.dial() } };
  const { peerId } = generateIdentity();
  const check = { peerId, ways, allowClassical: false, thorough: false };
  assert.ok((await checkPeer(components, check, t.signal)) > 0);
  await assert.rejects(checkPeer(components, { ...check, ways: [] }, t.signal), { code: "ERR_HOP_UNREACHABLE" });
});

test("a check that is taken back leaves nothing open", async () => {
  await using served = await serveLink(new TcpTransport({ clock }), {});
  const components = { clock, budget: roomyBudget(), dialler: { reach: () => served.dial() } };
  const { peerId } = served.identity;
  await assert.rejects(
    checkPeer(components, { peerId, ways, allowClassical: false, thorough: true }, AbortSignal.abort()),
    {
      code: "ERR_ABORTED",
    },
  );
});
