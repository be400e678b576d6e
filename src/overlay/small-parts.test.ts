import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import { JunkScore } from "./junk-score.ts";
import { fromLibp2p, libp2pKey, toLibp2p } from "./libp2p-identity.ts";
import { tcpMultiaddr } from "./multiaddr-text.ts";
import { protocolNames } from "./protocol-names.ts";
import { roundRobin } from "./round-robin.ts";

test("junk adds up with its square and is forgiven by half each minute", () => {
  const clock = new FakeClock();
  const junk = new JunkScore({ clock });
  for (let count = 0; count < 8; count += 1) junk.add("a");
  assert.equal(junk.of("a"), 64);
  assert.equal(junk.of("b"), 0);
  clock.advance(60_000);
  assert.equal(junk.of("a"), 16);
});

test("answers are taken in turn, each peer once", () => {
  const lists = [["a", "b", "c", "d"], ["a", "x"], [], ["y", "b"]];
  assert.deepEqual(
    roundRobin(lists, (item) => item),
    ["a", "y", "b", "x", "c", "d"],
  );
});

test("networks have protocols of their own", () => {
  assert.equal(protocolNames("byway").directory, "/byway/directory/1");
  assert.equal(protocolNames("demo").kad, "/byway/demo/kad/1.0.0");
  assert.equal(protocolNames("demo").topic("fresh/1/de"), "/byway/demo/fresh/1/de");
});

test("both sides know a peer by one key", () => {
  const identity = generateIdentity();
  const id = toLibp2p(identity.peerId);
  assert.equal(fromLibp2p(id), identity.peerId);
  assert.equal(parsePeerId(`${id}`), identity.peerId);
  assert.deepEqual(libp2pKey(identity).publicKey.raw, identity.publicKey);
});

test("addresses as sockets show them become multiaddrs", () => {
  assert.equal(`${tcpMultiaddr("::ffff:192.0.2.1", 7)}`, "/ip4/192.0.2.1/tcp/7");
  assert.equal(`${tcpMultiaddr("2001:db8::1", 7)}`, "/ip6/2001:db8::1/tcp/7");
});
