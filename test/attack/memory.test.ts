import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { OWN_LOAD } from "../../bench/own-load.ts";
import { systemClock } from "../../src/core/clock.ts";
import { formatHostPort, type HostPort } from "../../src/core/network-address.ts";
import { BYTES_PER_MIB } from "../../src/core/units.ts";
import { parsePeerId } from "../../src/identity/peer-id.ts";
import { LINK_LIMITS } from "../../src/link/limits.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { collect } from "../support/collect.ts";
import { type MemoryCgroup, makeMemoryCgroup } from "../support/memory-cgroup.ts";
import { startTcpTarget, until } from "../support/proxy-fixture.ts";
import { connectRequest, FLAG, FRAME, fields, frame, RawHttp2, settings } from "../support/raw-http2.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { startByway } from "../support/run-byway.ts";

const BUDGET_MIB = 48;
/** What the group is held to; a node without any load has some 70 in it. */
const LIMIT_MIB = 320;
const HOST = "127.204.0.2";

interface Attack {
  readonly name: string;
  /** What the node may have of memory at the most. */
  readonly mostMib: number;
  readonly run: (node: HostPort) => Promise<void>;
}

/** Sends all of `bytes`, at the pace of the node, or as much as it takes before it ends the link. */
async function pour(peer: RawHttp2, ...bytes: Buffer[]): Promise<void> {
  peer.send(...bytes);
  await until(() => peer.socket.writableLength === 0 || peer.over);
}

/** A target whose name nobody tells, so that the node has to keep what comes for it. */
function waitingRequest(id: number): Buffer {
  return connectRequest(id, `n${id}.example:80`);
}

const ATTACKS: readonly Attack[] = [
  {
    name: "bytes one a frame, as many as a link is forgiven, on many links",
    mostMib: 140,
    async run(node) {
      const tiny = Buffer.concat(Array.from({ length: 1_024 }, () => frame(FRAME.data, FLAG.none, 1, Buffer.of(65))));
      using links = new DisposableStack();
      for (let link = 0; link < 24; link += 1) {
        const peer = links.use(await RawHttp2.connect(node, settings()));
        await pour(peer, waitingRequest(1));
        for (let sent = 0; sent < LINK_LIMITS.tinyFrameBurst.value; sent += 1_024) await pour(peer, tiny);
      }
    },
  },
  {
    name: "windows that are filled, of more streams than the budget has room for",
    // The budget, what passes it before a look, and garbage of what was ended.
    mostMib: 190,
    async run(node) {
      using peer = await RawHttp2.connect(node, settings());
      const piece = Buffer.alloc(16_384);
      for (let stream = 0; stream < 200; stream += 1) {
        const id = 2 * stream + 1;
        await pour(peer, waitingRequest(id));
        for (let sent = 0; sent < BYTES_PER_MIB; sent += piece.length)
          await pour(peer, frame(FRAME.data, FLAG.none, id, piece));
      }
    },
  },
  {
    name: "header lists of 60 KB, by a peer that never acknowledges the bound",
    mostMib: 180,
    async run(node) {
      const line = Buffer.concat([Buffer.from([0, 3]), Buffer.from("x-a"), Buffer.from([127, 0x81, 0x0f])]);
      const long = Buffer.concat([line, Buffer.alloc(2_048, 98)]);
      const block = (id: number): Buffer =>
        Buffer.concat([fields([":method", "CONNECT"], [":authority", `n${id}.example:80`]), ...Array(28).fill(long)]);
      for (let link = 0; link < 8; link += 1) {
        using peer = await RawHttp2.connect(node, settings(), false);
        for (let stream = 0; stream < 400 && !peer.over; stream += 1) {
          const id = 2 * stream + 1;
          const bytes = block(id);
          const parts: Buffer[] = [];
          for (let at = 0; at < bytes.length; at += 16_000) {
            const isLast = at + 16_000 >= bytes.length;
            parts.push(
              frame(
                at === 0 ? FRAME.headers : FRAME.continuation,
                isLast ? FLAG.endHeaders : FLAG.none,
                id,
                bytes.subarray(at, at + 16_000),
              ),
            );
          }
          await pour(peer, ...parts);
        }
      }
    },
  },
];

async function startNode(t: TestContext, group: MemoryCgroup, target: HostPort) {
  // It hears questions and answers none.
  const dns = createSocket("udp4");
  dns.bind(0, HOST);
  await once(dns, "listening");
  t.after(() => dns.close());
  const { port } = dns.address();
  const args = [
    ...["node", ...OWN_LOAD, "--json", "--unlisted", "--local-network", "--exit", "--listen", `${HOST}:0`],
    ...["--memory-budget", String(BUDGET_MIB), "--policy", "accept *:*", "--allow-target", formatHostPort(target)],
    ...["--dns-server", `${HOST}:${port}`],
  ];
  const { child, firstLine } = startByway(t, args, { within: group.within });
  const { address, peerId } = JSON.parse(await firstLine) as { readonly address: string; readonly peerId: string };
  return { child, address: parseAuthority(address), peerId: parsePeerId(peerId) };
}

for (const { name, mostMib, run } of ATTACKS) {
  test(`${name}: a node in little memory lives, and serves`, { timeout: 60_000 }, async (t) => {
    const group = makeMemoryCgroup(t, LIMIT_MIB * BYTES_PER_MIB);
    if (typeof group === "string") return t.skip(group);
    await using target = await startTcpTarget((socket) => socket.pipe(socket));
    const { child, address, peerId } = await startNode(t, group, target.address);
    await run(address);
    assert.equal(child.exitCode ?? child.signalCode, null);
    const raw = await new TcpTransport({ clock: systemClock }).dial(address);
    const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId });
    const headers = { ":method": "CONNECT", ":authority": target.authority };
    const { stream, accepted } = link.open({ headers, toward: "target" });
    const bytes = randomBytes(100_000);
    stream.end(bytes);
    const heard = collect(stream);
    await accepted;
    assert.ok((await heard).equals(bytes));
    link.destroy();
    const peakMib = Math.round(group.peakBytes() / BYTES_PER_MIB);
    t.diagnostic(`${peakMib} MiB at the most, with a budget of ${BUDGET_MIB}`);
    assert.ok(peakMib < mostMib, `${peakMib} MiB`);
  });
}
