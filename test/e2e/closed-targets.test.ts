import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { DEFAULT_POLICY } from "../../src/egress/policy/policy-rule.ts";
import { openLink } from "../../src/link/open-link.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { OWN_LOAD } from "../../src/testnet/testnet.ts";
import { decodeSocks5Datagram, encodeSocks5Datagram } from "../../src/wire/socks5-datagram.ts";
import { startDnsServer } from "../support/dns-server.ts";
import { type OperatedExit, startOperatedExit } from "../support/operated-exit.ts";
import { startTcpTarget } from "../support/proxy-fixture.ts";
import { RawClient } from "../support/raw-client.ts";
import { roomyBudget } from "../support/roomy-budget.ts";
import { askSocks } from "../support/socks-client.ts";

/** This machine and its network, in whatever spelling. */
const SPELLINGS: readonly string[] = [
  ...["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.0.0.1.", "0", "10.0.0.1"],
  ...["１２７.0.0.1", "127。0。0。1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "224.0.0.1", "255.255.255.255"],
  ...["[::1]", "[::]", "[0:0:0:0:0:ffff:7f00:1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"],
  ...["[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%eth0]", "[fd00::1]"],
  ...["localhost", "localhost.", "LOCALHOST", "ｌｏｃａｌｈｏｓｔ", "a.localhost", "printer.local", "db.internal"],
  ...["nas.home.arpa", "router", "127.0.0.1:80", "user@127.0.0.1", "127.0.0.1#.example.com", "%6cocalhost"],
];

/** Names of the public DNS that lead to this machine or its network, some of them among other answers. */
const NAMES = ["private", "mapped", "mixed", "mixed6", "alias"].map((name) => `${name}.example`);

const REFUSED = /^ERR_(TARGET_PROHIBITED|REQUEST_TARGET)$/;
/** What HTTP/2 does not take for an authority: the stream ends before the exit sees it. */
const NO_AUTHORITY = /[^ -~]|[@#]/;

/** An exit, beside a server that nobody opened, over TCP and UDP. */
async function startBeside(t: TestContext) {
  let reached = 0;
  const inner = await startTcpTarget(() => {
    reached += 1;
  });
  t.after(() => inner[Symbol.asyncDispose]());
  const udp = createSocket("udp4").on("message", () => {
    reached += 1;
  });
  udp.bind(inner.address.port, "127.0.0.1");
  await once(udp, "listening");
  t.after(() => udp.close());
  const dns = await startDnsServer([
    { name: "opened.example", type: "A", data: "127.0.0.1" },
    { name: "private.example", type: "A", data: "127.0.0.1" },
    { name: "mapped.example", type: "AAAA", data: "::ffff:127.0.0.1" },
    { name: "mixed.example", type: "A", data: "192.0.2.1" },
    { name: "mixed.example", type: "A", data: "127.0.0.1" },
    { name: "mixed6.example", type: "A", data: "1.1.1.1" },
    { name: "mixed6.example", type: "AAAA", data: "::1" },
    { name: "alias.example", type: "CNAME", data: "private.example" },
  ]);
  t.after(() => dns.stop());
  const echo = createSocket("udp4");
  echo.on("message", (message, from) => echo.send(message, from.port, from.address)).bind(0, "127.0.0.1");
  await once(echo, "listening");
  t.after(() => echo.close());
  const exit = await startOperatedExit(t, {
    dnsServers: [dns.address],
    streamLimits: OWN_LOAD,
    allowTargets: [{ host: "opened.example", port: echo.address().port }],
  });
  return { exit, dns, port: inner.address.port, echo: echo.address().port, reached: () => reached };
}

/** The HTTP status of an answer to `request`. */
async function statusOf(proxy: HostPort, request: string): Promise<string> {
  using client = await RawClient.connect(proxy);
  client.send(Buffer.from(request));
  return (await client.hear(/^HTTP\/1\.1 \d{3} /)).slice(9, 12);
}

/** Whether a SOCKS5 proxy grants a CONNECT whose host is a name, as it is. */
async function isGranted(proxy: HostPort, host: string, port: number): Promise<boolean> {
  using client = await RawClient.connect(proxy);
  const name = Buffer.from(host);
  client.send(Buffer.from([5, 1, 0]));
  await client.hearBytes(2);
  client.send(Buffer.from([5, 1, 0, 3, name.length, ...name, port >> 8, port & 255]));
  const [, , , reply] = await client.hearBytes(4);
  return reply === 0;
}

/** What an exit answers to somebody who speaks to it without a client of ours. */
async function askExit({ node }: Pick<OperatedExit, "node">, t: TestContext) {
  const raw = await new TcpTransport({ clock: systemClock }).dial(node.address);
  const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: node.peerId });
  t.after(() => link.destroy());
  return async (headers: Readonly<Record<string, string>>): Promise<string> => {
    const { stream, accepted } = link.open({ headers: { ":method": "CONNECT", ...headers }, toward: "target" });
    stream.on("error", () => {});
    try {
      await accepted;
      return "accepted";
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      stream.destroy();
    }
  };
}

/** How Node takes bytes of a header. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

test("no spelling of this machine is connected to, by HTTP, CONNECT, SOCKS, or a link of one's own", async (t) => {
  const { exit, dns, port, reached } = await startBeside(t);
  for (const host of [...SPELLINGS, ...NAMES]) {
    // A link each, since one that is refused too often is sent away.
    const direct = await askExit(exit, t);
    const authority = `${host}:${port}`;
    const connected = await statusOf(exit.proxy, `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
    assert.match(connected, /^40[03]$/, `CONNECT ${host}`);
    const plain = await statusOf(exit.proxy, `GET http://${authority}/ HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
    assert.match(plain, /^40[03]$/, `GET ${host}`);
    const bare = host.replace(/^\[|\]$/g, "");
    assert.equal(await isGranted(exit.proxy, bare, port), false, `SOCKS ${host}`);
    const told = NO_AUTHORITY.test(host) ? /^ERR_HOP_LOST$/ : REFUSED;
    assert.match(await direct({ ":authority": latin1(authority) }), told, `a link of one's own, ${host}`);
    const path = `/.well-known/masque/udp/${encodeURIComponent(bare)}/${port}/`;
    const flow = { ":protocol": "connect-udp", ":scheme": "https", ":authority": "exit.example", ":path": path };
    assert.match(await direct(flow), REFUSED, `UDP, ${host}`);
  }
  assert.equal(reached(), 0);
  // And none but the names of the public DNS was looked up.
  for (const query of dns.queries) assert.ok(NAMES.includes(query.split("/")[0] ?? ""), query);
  assert.ok(dns.queries.length >= 2 * NAMES.length);
});

test("every datagram of an association is judged by itself", async (t) => {
  const { exit, port, echo, reached } = await startBeside(t);
  const { socket: control, bound } = await askSocks(exit.proxy, "user", "udp-associate", { host: "0.0.0.0", port: 0 });
  t.after(() => control.destroy());
  const app = createSocket("udp4");
  app.bind(0, "127.0.0.1");
  t.after(() => app.close());
  const send = (host: string, to: number): void =>
    app.send(encodeSocks5Datagram({ host, port: to }, Buffer.from("datagram")), bound.port, bound.host);
  for (let round = 0; round < 3; round += 1) {
    for (const host of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "localhost", ...NAMES]) send(host, port);
    const heard = once(app, "message");
    send("opened.example", echo);
    const [message] = (await heard) as [Buffer];
    assert.equal(Buffer.from(decodeSocks5Datagram(message).payload).toString(), "datagram");
  }
  assert.equal(reached(), 0);
});

test("ports for mail and what Tor's reduced exits leave out are closed unless the operator opens them", async (t) => {
  const { node, statuses, ask } = await startOperatedExit(t, { policy: DEFAULT_POLICY });
  const direct = await askExit({ node }, t);
  for (const port of [25, 465, 587, 2525, 445, 6881]) {
    assert.equal(await statuses(`http://192.0.2.1:${port}/`), "403", String(port));
    // The client does not ask in vain; whoever does hears the same.
    assert.equal(await direct({ ":authority": `1.1.1.1:${port}` }), "ERR_POLICY_PORT", String(port));
  }
  assert.match(await ask("http://1.1.1.1:25/"), /ERR_POLICY_PORT/);
});

test("a BitTorrent handshake does not reach its peer, unless the operator opens it", async (t) => {
  let heard = 0;
  const target = await startTcpTarget((socket) => {
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.length;
      socket.write("heard");
    });
  });
  t.after(() => target[Symbol.asyncDispose]());
  const dns = await startDnsServer([{ name: "swarm.example", type: "A", data: "127.0.0.1" }]);
  t.after(() => dns.stop());
  // The address is opened and not the name, so that the rules count for it.
  const options = { dnsServers: [dns.address], allowTargets: [target.address] };
  const authority = `swarm.example:${target.address.port}`;
  const shake = async (proxy: HostPort): Promise<RawClient> => {
    const peer = await RawClient.connect(proxy);
    t.after(() => peer.socket.destroy());
    peer.send(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
    await peer.hear(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n/);
    return peer.forget().send(`\x13BitTorrent protocol${"\0".repeat(48)}`);
  };
  const closed = await startOperatedExit(t, { ...options, policy: ["reject p2p", "accept *:*"] });
  await (await shake(closed.proxy)).over();
  assert.equal(heard, 0);
  const opened = await startOperatedExit(t, { ...options, policy: ["accept p2p", "accept *:*"] });
  await (await shake(opened.proxy)).hear(/heard/);
  assert.equal(heard, 68);
});
