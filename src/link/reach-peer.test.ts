import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { serveLink } from "../../test/support/link-bench.ts";
import { NamedWays } from "../../test/support/named-way.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import { settled } from "../../test/support/settled.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { checkPeer } from "./check-peer.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Link } from "./link.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { reachPeer, tryWays } from "./reach-peer.ts";
import { WayDialler } from "./way-dialler.ts";

/** A peer that `good` leads to, while another is behind `stale`, and nobody behind other ways. */
async function setUp(t: TestContext) {
  const clock = new FakeClock();
  const budget = roomyBudget();
  const transport = new MemoryTransport();
  const served = await serveLink(transport, {}, {}, budget, clock);
  const other = await serveLink(transport, {}, {}, budget, clock);
  t.after(async () => {
    await served[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });
  const named = new NamedWays();
  const { peerId } = served.identity;
  named.hold("good", peerId, (far) => served.server.accept(far));
  named.hold("stale", peerId, (far) => other.server.accept(far));
  named.hold("mute", peerId, () => {});
  const dialler = new WayDialler({ clock, budget, transport }, [named]);
  let connections = 0;
  const reach = (
    names: readonly string[],
    { signal = new AbortController().signal, to = peerId }: { signal?: AbortSignal; to?: PeerId } = {},
  ): Promise<Link> => {
    const ways = names.map((via) => named.way(via));
    const onConnected = (): void => {
      connections += 1;
    };
    return reachPeer({ clock, budget, dialler }, { peerId: to, ways, signal, onConnected });
  };
  return { clock, budget, dialler, named, served, reach, connections: () => connections };
}

for (const [what, names, tried] of [
  ["the first way that leads to the peer is taken", ["good", "none"], ["good"]],
  ["a way that leads nowhere is followed by the next", ["none", "good"], ["none", "good"]],
  ["so is one where another peer answers", ["stale", "good"], ["stale", "good"]],
] as const) {
  test(what, { timeout: 20_000 }, async (t) => {
    const { named, served, reach, connections } = await setUp(t);
    const link = await reach(names);
    assert.deepEqual(named.tried, tried);
    await link.ping();
    assert.equal(served.server.links, 1);
    assert.equal(connections(), 1, "whoever waits is told of one connection");
    link.destroy();
    await link.closed;
  });
}

test("a way that is silent is left in time for the next, and the last one has all the time", {
  timeout: 20_000,
}, async (t) => {
  const { clock, named, reach } = await setUp(t);
  const reaching = reach(["mute", "good"]);
  await settled();
  assert.deepEqual(named.tried, ["mute"]);
  clock.advance(LINK_LIMITS.wayMs.value - 1);
  await settled();
  assert.deepEqual(named.tried, ["mute"]);
  clock.advance(1);
  const link = await reaching;
  assert.deepEqual(named.tried, ["mute", "good"]);
  link.destroy();
  await link.closed;
  const last = assert.rejects(reach(["mute"]), { code: "ERR_HOP_TIMEOUT", message: /TLS handshake/ });
  await settled();
  clock.advance(LINK_LIMITS.handshakeMs.value);
  await last;
});

test("only so many ways of a peer are tried, and the last one says what failed", async (t) => {
  const { named, reach } = await setUp(t);
  const names = Array.from({ length: 16 }, (_, n) => `none ${n}`);
  await assert.rejects(reach([...names, "good"]), {
    code: "ERR_HOP_UNKNOWN",
    message: "none 2 does not hold the peer",
  });
  assert.equal(named.tried.length, LINK_LIMITS.waysTried.value);
  await assert.rejects(reach([]), { code: "ERR_HOP_UNREACHABLE", message: "the peer has no endpoint" });
});

test("what is not the way's fault is no reason for another: taken back, or this side's own fault", async (t) => {
  const { clock, named, reach } = await setUp(t);
  // Who builds a circuit takes a slow hop back with an error of the hop.
  for (const code of ["ERR_STOPPED", "ERR_HOP_TIMEOUT"] as const) {
    const controller = new AbortController();
    const reaching = assert.rejects(reach(["mute", "good"], { signal: controller.signal }), {
      code,
      message: "stopped",
    });
    await settled();
    controller.abort(new BywayError(code, "stopped"));
    await reaching;
    assert.deepEqual(named.tried.splice(0), ["mute"]);
  }
  for (const [code, tries] of [
    ["ERR_STREAM_LIMIT", 2],
    ["ERR_HOP_CLASSICAL", 2],
    ["ERR_INTERNAL", 1],
  ] as const satisfies readonly (readonly [ErrorCode, number])[]) {
    let tried = 0;
    const connect = (): Promise<Duplex> => {
      tried += 1;
      return Promise.reject(new BywayError(code, "no"));
    };
    const ways = [named.way("a"), named.way("b")];
    await assert.rejects(tryWays({ clock }, { ways, signal: t.signal }, connect), { code });
    assert.equal(tried, tries, code);
  }
});

test("nothing is left open of a way that failed", async (t) => {
  const { named, served, reach } = await setUp(t);
  const ends: Duplex[] = [];
  const { peerId } = served.identity;
  named.hold("broken", peerId, (far) => {
    ends.push(far);
    far.on("error", () => {}).resume();
    far.end("SSH-2.0-example\r\n");
  });
  const link = await reach(["broken", "good"]);
  await settled();
  assert.ok(
    ends.every((end) => end.destroyed),
    "the connection was closed",
  );
  link.destroy();
  await link.closed;
});

test("a peer is there if one of its ways leads to somebody, or, looked at closely, to it", async (t) => {
  const { clock, budget, dialler, named, served } = await setUp(t);
  const check = (thorough: boolean, names: readonly string[], peerId = served.identity.peerId): Promise<number> => {
    const ways = names.map((via) => named.way(via));
    return checkPeer({ clock, budget, dialler }, { peerId, ways, allowClassical: false, thorough }, t.signal);
  };
  await check(false, ["none", "stale"]);
  await check(true, ["stale", "good"]);
  await assert.rejects(check(true, ["good", "stale"], generateIdentity().peerId), { code: "ERR_HOP_UNKNOWN" });
});
