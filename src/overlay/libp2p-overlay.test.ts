import assert from "node:assert/strict";
import { test } from "node:test";
import type { IdentifyResult } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { startTestPeer } from "../../test/support/overlays.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { startRawHost } from "../../test/support/raw-host.ts";
import { overlayCompliance } from "./overlay.compliance.ts";
import type { Overlay, OverlayAsker } from "./overlay.ts";

test("the longest request and answer pass; longer ones do not, nor does an answer that throws", async () => {
  const answer = ({ address }: OverlayAsker, request: Uint8Array): Uint8Array => {
    assert.equal(address, "127.0.0.1");
    const size = Buffer.from(request).readUInt32BE();
    if (size === 0) throw new Error("no");
    return new Uint8Array(size).fill(7);
  };
  await using node = await startTestPeer({ host: "127.0.0.1", services: { answer } });
  await using client = await startTestPeer();
  const peer = await client.overlay.connect(node.address);
  const request = (size: number): Uint8Array => {
    const bytes = Buffer.alloc(8 * 1024);
    bytes.writeUInt32BE(size);
    return bytes;
  };
  assert.equal((await client.overlay.ask(peer, request(64 * 1024))).length, 64 * 1024);
  await assert.rejects(client.overlay.ask(peer, request(64 * 1024 + 1)), { code: "ERR_PEER_ANSWER" });
  await assert.rejects(client.overlay.ask(peer, request(0)), { code: "ERR_PEER_ANSWER" });
  await assert.rejects(client.overlay.ask(peer, new Uint8Array(8 * 1024 + 1)), { code: "ERR_INTERNAL" });
  assert.equal((await client.overlay.ask(peer, request(1))).length, 1);
});

test("addresses that others tell of a peer do not keep it from being reached where it said that it is", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  await using client = await startTestPeer();
  const { peerId } = node.identity;
  const lies = Array.from({ length: 8 }, (_, index) => `/ip4/127.0.0.1/tcp/${index + 1}`);
  const ask = (): Promise<Uint8Array> => client.overlay.ask(peerId, Uint8Array.of(1, 2));
  await client.overlay.learn(peerId, lies);
  await client.overlay.learn(peerId, [node.where], "signed");
  await client.overlay.learn(peerId, lies);
  assert.deepEqual(await ask(), Uint8Array.of(2, 1));
});

test("a peer of another network is none to connect to, nor to ask", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1", network: "other" });
  await using client = await startTestPeer();
  const another = { code: "ERR_PEER_UNREACHABLE", message: /another network/ };
  await assert.rejects(client.overlay.connect(node.address), another);
  assert.deepEqual(client.overlay.connected(), []);
  await client.overlay.learn(node.identity.peerId, [node.where]);
  await assert.rejects(client.overlay.ask(node.identity.peerId, Uint8Array.of(1)), { code: "ERR_PEER_ANSWER" });
});

test("an address that leads nowhere says why", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  await using other = await startTestPeer({ host: "127.0.0.1" });
  await using client = await startTestPeer();
  const refused = async (overlay: Overlay, address: string): Promise<string> => {
    const error = await overlay.connect(address).catch((reason: unknown) => reason);
    return String(error).replaceAll(address, "it");
  };
  assert.match(
    await refused(client.overlay, node.address.replace(/\/tcp\/\d+/, "/tcp/1")),
    /it cannot be reached \(ECONNREFUSED\)/,
  );
  assert.match(await refused(client.overlay, `${node.where}/p2p/${other.identity.peerId}`), /it is somebody else/);
  await using open = await startTestPeer({ localNetwork: false });
  for (const address of [node.address, node.address.replace("/ip4/127.0.0.1", "/dns4/localhost")]) {
    assert.match(await refused(open.overlay, address), /it is no public address/);
  }
});

test("others are told the announced addresses and no more, and of a client nothing", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1", announce: "/ip4/127.99.0.1/tcp/7" });
  await using raw = await startRawHost();
  const identified = new Promise<readonly string[]>((resolve) => {
    raw.libp2p.addEventListener("peer:identify", ({ detail }) => resolve(detail.listenAddrs.map((at) => `${at}`)));
  });
  await raw.libp2p.dial(multiaddr(node.address));
  assert.deepEqual(await identified, ["/ip4/127.99.0.1/tcp/7"]);
  await using listening = await startRawHost({ listen: "/ip4/127.0.0.1/tcp/0" });
  const heard = new Promise<IdentifyResult>((resolve) => {
    listening.libp2p.addEventListener("peer:identify", ({ detail }) => resolve(detail));
  });
  await using client = await startTestPeer();
  await listening.libp2p.handle("/byway/directory/1", () => {});
  await client.overlay.connect(`${listening.libp2p.getMultiaddrs()[0]}`);
  const { listenAddrs, signedPeerRecord, agentVersion } = await heard;
  assert.deepEqual(
    { listenAddrs, signedPeerRecord, agentVersion },
    { listenAddrs: [], signedPeerRecord: undefined, agentVersion: "byway" },
  );
});

test("a peer hears where those that it dialled see it, and nothing of that from those that dialled it", async () => {
  const heard: string[] = [];
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const hear = (who: string, done: () => void) => ({
    seenAt(own: string, by: string): void {
      heard.push(`${who}: ${own} by ${by}`);
      done();
    },
  });
  await using node = await startTestPeer({ host: "127.0.0.1", services: hear("node", second.resolve) });
  await using other = await startTestPeer({ host: "127.30.0.1", services: hear("other", () => {}) });
  await using client = await startTestPeer({ services: hear("client", first.resolve) });
  await client.overlay.connect(node.address);
  await first.promise;
  await node.overlay.connect(other.address);
  await second.promise;
  assert.deepEqual(heard, ["client: 127.0.0.1 by 127.0.0.1", "node: 127.0.0.1 by 127.30.0.1"]);
});

test("on the public network nothing private is dialled, by address or by name", async () => {
  await using node = await startTestPeer({ host: "127.0.0.1" });
  await using open = await startTestPeer({ localNetwork: false });
  await using local = await startTestPeer();
  const named = `/dns4/localhost/tcp/${node.port}/p2p/${node.identity.peerId}`;
  for (const address of [node.address, named]) {
    await assert.rejects(open.overlay.connect(address), { code: "ERR_PEER_UNREACHABLE" });
  }
  assert.equal(node.sockets.size, 0);
  await open.overlay.learn(node.identity.peerId, [node.where]);
  await assert.rejects(open.overlay.ask(node.identity.peerId, Uint8Array.of(1)), { code: "ERR_PEER_UNREACHABLE" });
  assert.equal(await local.overlay.connect(named), node.identity.peerId);
});

test("of a name, each address is tried until the peer that is meant proves its key, and of the named family only", async () => {
  await using node = await startTestPeer({ host: "127.31.0.2" });
  await using other = await startTestPeer({ host: "127.31.0.1", port: node.port });
  const asked: unknown[] = [];
  await using client = await startTestPeer({
    lookup: (_name, { family }, done) => {
      asked.push(family);
      // Nobody is at the first, somebody else at the second.
      const all = ["127.31.0.9", "127.31.0.1", "127.31.0.2"].map((address) => ({ address, family: 4 }));
      if (family === 6) done(Object.assign(new Error("none"), { code: "ENOTFOUND" }), "", 0);
      else done(null, all);
    },
  });
  const address = (kind: string): string => `/${kind}/boot.example/tcp/${node.port}/p2p/${node.identity.peerId}`;
  assert.equal(await client.overlay.connect(address("dns4")), node.identity.peerId);
  assert.equal(client.overlay.addressOf(node.identity.peerId), "127.31.0.2");
  await assert.rejects(client.overlay.connect(address("dns6")), { code: "ERR_PEER_UNREACHABLE", message: /ENOTFOUND/ });
  assert.deepEqual(asked, [4, 6]);
  await other.overlay.stop();
});

test("stopping ends what is open, and may be done twice", async () => {
  const node = await startTestPeer({ host: "127.0.0.1" });
  await using client = await startTestPeer();
  await client.overlay.connect(node.address);
  await Promise.all([node.overlay.stop(), node.overlay.stop()]);
  await node[Symbol.asyncDispose]();
  await until(() => client.overlay.connected().length === 0 && node.sockets.size === 0);
  await assert.rejects(node.overlay.ask(client.identity.peerId, Uint8Array.of(1)), { code: "ERR_STOPPED" });
});

overlayCompliance("over TCP", () => startTestPeer);
