import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPeerAddress, parsePeerAddress } from "./peer-address.ts";

const ID = "12D3KooWQK1wnefoLrcVHbbnf5tLzbopUd3K3bFAoJpA7YJgL5pV";

test("multiaddrs of TCP with a peer id are read, and written as they were", () => {
  for (const [text, host, port] of [
    [`/ip4/192.0.2.1/tcp/4433/p2p/${ID}`, "192.0.2.1", 4433],
    [`/ip6/2001:db8::1/tcp/1/p2p/${ID}`, "2001:db8::1", 1],
    [`/dns/boot.example.net/tcp/65535/p2p/${ID}`, "boot.example.net", 65_535],
  ] as const) {
    const address = parsePeerAddress(text);
    assert.deepEqual(address, { host, port, peer: ID });
    assert.equal(address && formatPeerAddress(address), text);
  }
});

test("all else is none: another transport, no id, a port out of range, a host of another kind", () => {
  for (const text of [
    "",
    "/ip4/192.0.2.1/tcp/4433",
    `/ip4/192.0.2.1/udp/4433/quic-v1/p2p/${ID}`,
    `/ip4/192.0.2.1/tcp/0/p2p/${ID}`,
    `/ip4/192.0.2.1/tcp/65536/p2p/${ID}`,
    `/ip4/2001:db8::1/tcp/1/p2p/${ID}`,
    `/ip6/192.0.2.1/tcp/1/p2p/${ID}`,
    `/dns4/192.0.2.1/tcp/1/p2p/${ID}`,
    `/ip4/192.0.2.1/tcp/1/p2p/${ID}/p2p-circuit`,
    `/ip4/192.0.2.1/tcp/1/p2p/x`,
    ` /ip4/192.0.2.1/tcp/1/p2p/${ID}`,
  ]) {
    assert.equal(parsePeerAddress(text), undefined, text);
  }
});
