import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, before, suite, test } from "node:test";
import type { HostPort } from "../../src/core/network-address.ts";
import { parseAuthority } from "../../src/wire/authority.ts";
import { decodeSocks5Datagram, encodeSocks5Datagram } from "../../src/wire/socks5-datagram.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { type Network, startNetwork } from "../support/network.ts";
import { runProgram, withoutPrograms } from "../support/run-program.ts";
import { askSocks } from "../support/socks-client.ts";

const ANY: HostPort = { host: "0.0.0.0", port: 0 };

suite("dig over UDP ASSOCIATE", { skip: withoutPrograms("dig") }, () => {
  const cleanup = new AsyncDisposableStack();
  let dns: DnsServer;
  let network: Network;

  before(async () => {
    dns = await startDnsServer([
      { name: "www.example", type: "CNAME", data: "host.example" },
      { name: "host.example", type: "A", data: "192.0.2.7" },
      { name: "dns.example", type: "A", data: "127.53.0.1" },
    ]);
    cleanup.defer(() => dns.stop());
    const target = parseAuthority(dns.address);
    const targets = [target, { host: "dns.example", port: target.port }];
    network = cleanup.use(await startNetwork({ targets, dnsServer: dns.address }));
  });
  after(() => cleanup.disposeAsync());

  for (const hops of ["hops-1", "hops-3"]) {
    for (const name of [undefined, "dns.example"]) {
      test(`${hops}: answers come back from ${name ?? "an address"}`, async () => {
        const { host, port } = parseAuthority(dns.address);
        await using shim = await startShim(network.proxy, hops, { host: name ?? host, port });
        const args = ["@127.0.0.1", "-p", String(shim.port), "+time=10", "+tries=1", "+short", "www.example"];
        const { code, stdout } = await runProgram("dig", args);
        assert.equal(code, 0, stdout);
        assert.deepEqual(stdout.trim().split("\n"), ["host.example.", "192.0.2.7"]);
        assert.ok(dns.queries.includes("www.example/A"));
      });
    }
  }
});

/** A local UDP port that leads to `target` over an association, since dig speaks no SOCKS. */
async function startShim(
  proxy: HostPort,
  userName: string,
  target: HostPort,
): Promise<AsyncDisposable & { readonly port: number }> {
  const { socket: control, bound } = await askSocks(proxy, userName, "udp-associate", ANY);
  const relayed = await bind();
  const local = await bind();
  let asker = 0;
  local.on("message", (message, from) => {
    asker = from.port;
    relayed.send(encodeSocks5Datagram(target, message), bound.port, bound.host);
  });
  relayed.on("message", (message) => local.send(decodeSocks5Datagram(message).payload, asker, "127.0.0.1"));
  return {
    port: local.address().port,
    async [Symbol.asyncDispose]() {
      const closed = [local, relayed].map((socket) => once(socket, "close"));
      local.close();
      relayed.close();
      control.destroy();
      await Promise.all(closed);
    },
  };
}

async function bind(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}
