import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import type { PeerId as Libp2pPeerId, MultiaddrConnection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { generateIdentity } from "../identity/identity.ts";
import { DialGate } from "./dial-gate.ts";
import { toLibp2p } from "./libp2p-identity.ts";

const ID = "12D3KooWGC6TvWhfajpX6wvJHYnfDQ4t7UBBmyLwM2JzAGVfwDvV";
const open = new DialGate({ localNetwork: false, memory: false });
const local = new DialGate({ localNetwork: true, memory: true });

for (const [address, inPublic, inLocal] of [
  ["/ip4/8.8.8.8/tcp/443", true, true],
  [`/ip6/2606:4700::1/tcp/443/p2p/${ID}`, true, true],
  ["/ip4/127.0.0.1/tcp/443", false, true],
  ["/ip4/192.168.1.1/tcp/443", false, true],
  ["/ip6/fd00::1/tcp/443", false, true],
  ["/ip6/::1/tcp/443", false, true],
  ["/ip4/169.254.169.254/tcp/80", false, false],
  ["/ip4/0.0.0.0/tcp/80", false, false],
  ["/ip4/224.0.0.1/tcp/80", false, false],
  ["/ip6/::ffff:8.8.8.8/tcp/80", false, false],
  ["/ip6/64:ff9b::808:808/tcp/80", false, false],
  ["/ip4/8.8.8.8/tcp/0", false, false],
  ["/ip4/8.8.8.8/udp/443", false, false],
  ["/ip4/8.8.8.8/udp/443/quic-v1", false, false],
  ["/ip4/8.8.8.8/tcp/443/ws", false, false],
  [`/ip4/8.8.8.8/tcp/443/p2p/${ID}/p2p-circuit`, false, false],
  [`/ip4/8.8.8.8/tcp/443/p2p/${ID}/p2p-circuit/p2p/${ID}`, false, false],
  ["/dns4/example.com/tcp/443", false, false],
  ["/dnsaddr/example.com", false, false],
  ["/unix/%2Ftmp%2Fx", false, false],
  ["/memory/one", false, true],
] as const) {
  test(`${address}: ${inPublic ? "" : "not "}dialled, in a local network ${inLocal ? "" : "not "}`, () => {
    assert.equal(open.allows(multiaddr(address)), inPublic);
    assert.equal(local.allows(multiaddr(address)), inLocal);
  });
}

test("libp2p is told the same, for dialling and for its address book, and takes Ed25519 keys alone", async () => {
  const gater = open.asGater();
  const peer = toLibp2p(generateIdentity().peerId);
  const [good, bad] = [multiaddr("/ip4/8.8.8.8/tcp/443"), multiaddr("/ip4/10.0.0.1/tcp/443")];
  assert.deepEqual(
    [good, bad].map((address) => gater.denyDialMultiaddr?.(address)),
    [false, true],
  );
  assert.deepEqual(
    [good, bad].map((address) => gater.filterMultiaddrForPeer?.(peer, address)),
    [true, false],
  );
  const other = { type: "RSA" } as unknown as Libp2pPeerId;
  const connection = {} as MultiaddrConnection;
  for (const ask of [gater.denyInboundEncryptedConnection, gater.denyOutboundEncryptedConnection]) {
    assert.deepEqual([ask?.(peer, connection), ask?.(other, connection)], [false, true]);
  }
});

test("a name is dialled only while our own user's connect is under way", () => {
  const address = multiaddr(`/dns4/example.com/tcp/443/p2p/${ID}`);
  const [first, second] = [open.openFor(address), open.openFor(address)];
  assert.ok(open.allows(address));
  assert.ok(!open.allows(multiaddr("/dns4/other.example/tcp/443")));
  first[Symbol.dispose]();
  assert.ok(open.allows(address));
  second[Symbol.dispose]();
  assert.ok(!open.allows(address));
});

test("a name that leads to private addresses leads nowhere", async () => {
  const answers: LookupAddress[] = [];
  const lookup: LookupFunction = (_host, _options, done) => done(null, answers);
  const resolve = (all: boolean): Promise<unknown> =>
    new Promise((settle) => {
      open.guard(lookup)("example.com", { all }, (error, found) => settle(error?.message ?? found));
    });
  answers.push({ address: "10.0.0.1", family: 4 }, { address: "127.0.0.1", family: 4 });
  assert.match(`${await resolve(true)}`, /no address that may be dialled/);
  answers.push({ address: "8.8.8.8", family: 4 });
  assert.deepEqual(await resolve(true), [{ address: "8.8.8.8", family: 4 }]);
  assert.equal(await resolve(false), "8.8.8.8");
});
