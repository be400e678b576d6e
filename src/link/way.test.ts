import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { knownPeer } from "../../test/support/known-peer.ts";
import { NamedWays } from "../../test/support/named-way.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { systemClock } from "../core/clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import { DIRECT, directTo } from "./direct-way.ts";
import { TcpTransport } from "./tcp-transport.ts";
import { wayCompliance } from "./way.compliance.ts";
import { formatWay, type WayComponents } from "./way.ts";
import { WayDialler } from "./way-dialler.ts";
import { firstHopWays, WAY_KINDS, waysOf } from "./way-kinds.ts";

const { peerId } = generateIdentity();
const transport = new TcpTransport({ clock: systemClock });
const components: WayComponents = { clock: systemClock, budget: roomyBudget(), transport };

wayCompliance(DIRECT, async () => {
  let arrived = Promise.withResolvers<Duplex>();
  const listener = await transport.listen({ host: "127.0.0.1", port: 0 }, (far) => arrived.resolve(far));
  const incoming = (): Promise<Duplex> => {
    arrived = Promise.withResolvers();
    return arrived.promise;
  };
  return { components, way: directTo(listener.address), peerId, incoming, close: () => listener.close() };
});

const named = new NamedWays();
wayCompliance(named, async () => {
  let arrived = Promise.withResolvers<Duplex>();
  const way = named.hold("relay", peerId, (far) => arrived.resolve(far));
  const incoming = (): Promise<Duplex> => {
    arrived = Promise.withResolvers();
    return arrived.promise;
  };
  return { components, way, peerId, incoming, close: async () => named.release("relay") };
});

test("no two kinds have one name", () => {
  assert.equal(new Set(WAY_KINDS.map(({ kind }) => kind)).size, WAY_KINDS.length);
});

test("a way of a kind that is not there is a hop error", async (t) => {
  const dialler = new WayDialler(components, []);
  await assert.rejects(dialler.reach(directTo({ host: "127.0.0.1", port: 1 }), peerId, t.signal), {
    code: "ERR_HOP_UNREACHABLE",
  });
});

test("a peer offers a direct way for each of its endpoints, and is a first hop by that which it counts under", () => {
  const endpoints = [
    { host: "9.9.9.9", port: 443 },
    { host: "8.8.8.8", port: 443 },
  ];
  const { advertisement } = knownPeer("a", { endpoints });
  assert.deepEqual(waysOf(advertisement), endpoints.map(directTo));
  assert.deepEqual(firstHopWays(advertisement), endpoints.slice(0, 1).map(directTo));
  assert.deepEqual(firstHopWays(knownPeer("b").advertisement), []);
});

test("ways of two kinds to one place are told apart", () => {
  const at = { host: "192.0.2.1", port: 443 };
  assert.equal(formatWay(directTo(at)), "192.0.2.1:443");
  assert.equal(formatWay(named.way("relay")), "named 192.0.2.1:443");
});
