import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { hang } from "../../test/support/direct-opener.ts";
import { inTime } from "../../test/support/in-time.ts";
import { startHttpTarget, startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { systemCode } from "../core/errors.ts";
import { encodeSocks5Greeting, encodeSocks5Request } from "../wire/socks5-client.ts";
import { INGRESS_LIMITS } from "./limits.ts";

test("start gives the address and is idempotent; stop ends all connections and is too", async () => {
  await using fixture = await startProxy();
  const { proxy, address } = fixture;
  assert.deepEqual(await proxy.start(), address);
  using silent = await RawClient.connect(address);
  using halfWay = await RawClient.connect(address);
  halfWay.send("GET http://a/ HT");
  await until(() => proxy.connections === 2);
  await Promise.all([proxy.stop(), proxy.stop()]);
  assert.equal(proxy.connections, 0);
  assert.notEqual(await silent.over(), undefined);
  assert.notEqual(await halfWay.over(), undefined);
  await proxy.stop();
  const refused = net.connect({ ...address });
  await assert.rejects(once(refused, "connect"), { code: "ECONNREFUSED" });
});

test("stop takes openings back and ends streams abruptly", async () => {
  await using target = await startTcpTarget((socket) => socket.resume());
  await using fixture = await startProxy();
  const { proxy, opener, address } = fixture;
  using open = await RawClient.connect(address);
  await open.send(`CONNECT ${target.authority} HTTP/1.1\r\n\r\n`).hear(/\r\n\r\n/);
  opener.before = hang;
  using opening = await RawClient.connect(address);
  opening.send(`CONNECT ${target.authority} HTTP/1.1\r\n\r\n`);
  await until(() => opener.requests.length === 2);
  await proxy.stop();
  assert.equal(opener.aborted, 1);
  assert.equal(await open.over(), "ECONNRESET");
  await until(() => opener.streams.size === 0);
});

test("a failure to listen says why", async () => {
  await using first = await startProxy();
  const { address } = first;
  await assert.rejects(startProxy({ listen: address }), { code: "ERR_LISTEN_IN_USE" });
  // 192.0.2.0/24 is for documentation; no machine has it.
  const users = [{ name: "a", password: "b" }];
  await assert.rejects(startProxy({ listen: { host: "192.0.2.1", port: 0 }, users }), { code: "ERR_LISTEN_ADDRESS" });
});

test("an address that others reach is refused without users", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.com"])
    await assert.rejects(startProxy({ listen: { host, port: 0 } }), { code: "ERR_CONFIG_EXPOSED" }, host);
  await using _exposed = await startProxy({
    listen: { host: "0.0.0.0", port: 0 },
    users: [{ name: "a", password: "b" }],
  });
  await using _loopback = await startProxy({ listen: { host: "127.3.2.1", port: 0 } });
});

test("a connection past the limit is refused and the others go on", async () => {
  await using fixture = await startProxy({ maxConnections: 2 });
  await using target = await startTcpTarget((socket) => socket.on("error", () => {}).resume());
  const { proxy, address } = fixture;
  const asked = `CONNECT ${target.authority} HTTP/1.1\r\n\r\n`;
  using first = await RawClient.connect(address);
  await first.send(asked).hear(/^HTTP\/1.1 200 /);
  using second = await RawClient.connect(address);
  await second.send(asked).hear(/^HTTP\/1.1 200 /);
  const third = net.connect({ ...address }).resume();
  const [error] = await inTime(once(third, "error"), "a third connection is refused").finally(() => third.destroy());
  assert.equal(systemCode(error), "ECONNRESET");
  assert.deepEqual([first.ending, second.ending], [undefined, undefined]);
  second.socket.resetAndDestroy();
  await until(() => proxy.connections === 1);
  using fourth = await RawClient.connect(address);
  await fourth.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").hear(/^HTTP\/1.1 200 /);
});

test("connections without a request give way to newcomers of other networks, and those with one to nobody", {
  timeout: 20_000,
}, async () => {
  await using fixture = await startProxy({ maxConnections: 4 });
  await using target = await startTcpTarget((socket) => socket.on("error", () => {}).resume());
  await using web = await startHttpTarget((_request, response) => response.end("done"));
  const { proxy, address } = fixture;
  const from = (localAddress: string): Promise<RawClient> => {
    const way = { ...address, localAddress };
    return RawClient.connect(way);
  };
  const served = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  using http = await from("127.77.0.1");
  await http.send(`CONNECT ${target.authority} HTTP/1.1\r\n\r\n`).hear(/^HTTP\/1.1 200 /);
  using socks = await from("127.77.0.1");
  await socks.send("\x05\x01\x00").hearBytes(2);
  const { host, port } = target.address;
  const place = [...host.split(".").map(Number), port >> 8, port & 0xff];
  await socks.send(Uint8Array.from([5, 1, 0, 1, ...place])).hearBytes(12);
  using asked = await from("127.77.0.1");
  await asked.send(`GET http://${web.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`).hear(/done$/);
  using silent = await from("127.77.0.1");
  await until(() => proxy.connections === 4);

  using first = await from("127.88.0.1");
  await first.send(served).hear(/^HTTP\/1.1 200 /);
  await until(() => asked.ending === "ECONNRESET");
  using second = await from("127.99.0.1");
  await second.send(served).hear(/^HTTP\/1.1 200 /);
  await until(() => silent.ending === "ECONNRESET");
  // All others hold one, or have a request.
  const third = net.connect({ ...address, localAddress: "127.111.0.1" }).resume();
  const [error] = await inTime(once(third, "error"), "no place is left").finally(() => third.destroy());
  assert.equal(systemCode(error), "ECONNRESET");
  assert.deepEqual([http.ending, socks.ending, proxy.connections], [undefined, undefined, 4]);
});

test("of one address, as of all programs of a machine, the connection without a request for longest gives way", {
  timeout: 20_000,
}, async () => {
  await using fixture = await startProxy({ maxConnections: 3 });
  await using target = await startTcpTarget((socket) => socket.on("error", () => {}).resume());
  const { proxy, address } = fixture;
  using busy = await RawClient.connect(address);
  await busy.send(`CONNECT ${target.authority} HTTP/1.1\r\n\r\n`).hear(/^HTTP\/1.1 200 /);
  using silent = await RawClient.connect(address);
  using halfAsked = await RawClient.connect(address);
  await until(() => proxy.connections === 3);
  halfAsked.send("GET / HTTP/1.1\r\n");
  for (const given of [silent, halfAsked]) {
    using newcomer = await RawClient.connect(address);
    await newcomer.send(`CONNECT ${target.authority} HTTP/1.1\r\n\r\n`).hear(/^HTTP\/1.1 200 /);
    await until(() => given.ending === "ECONNRESET");
    newcomer.socket.resetAndDestroy();
    await until(() => proxy.connections === 2);
    await RawClient.connect(address);
    await until(() => proxy.connections === 3);
  }
  assert.equal(busy.ending, undefined);
});

test("who is slow with the first bytes is not waited for", async () => {
  await using fixture = await startProxy();
  const { proxy, clock, address } = fixture;
  using silent = await RawClient.connect(address);
  using http = await RawClient.connect(address);
  using socks5 = await RawClient.connect(address);
  using socks4 = await RawClient.connect(address);
  using hungUp = await RawClient.connect(address);
  hungUp.socket.end();
  http.send("GET http://example.com/ HTTP/1.1\r\nHost: exa");
  await socks5.send(encodeSocks5Greeting([0])).hearBytes(2);
  socks4.send("\x04\x01");
  await until(() => proxy.connections === 4 && clock.pending === 4);
  // Each has said something but the silent one, so that its front end's own limit runs.
  await until(() => http.socket.bytesWritten > 0 && socks4.socket.bytesWritten > 0);
  using later = await RawClient.connect(address);
  await later.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").hear(/<\/html>/);
  later.socket.destroy();
  await until(() => proxy.connections === 4);
  clock.advance(INGRESS_LIMITS.headTimeoutMs.value);
  const answer = await http.hear(/\}\n$/);
  assert.match(answer, /^HTTP\/1.1 408 /);
  assert.match(answer, /\r\nProxy-Status: byway; error=http_request_error; details="/);
  await until(() => [silent, http, socks5, socks4].every((client) => client.ending !== undefined));
});

test("an idle kept connection is closed in time, and quietly", async () => {
  await using fixture = await startProxy();
  const { clock, address } = fixture;
  using client = await RawClient.connect(address);
  await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").hear(/<\/html>/);
  await until(() => clock.pending === 1);
  client.forget();
  clock.advance(INGRESS_LIMITS.keepAliveTimeoutMs.value - 1);
  await client.send("GET /proxy.pac HTTP/1.1\r\nHost: localhost\r\n\r\n").hear(/SOCKS5.*\n\}/);
  client.forget();
  await until(() => clock.pending === 1);
  clock.advance(INGRESS_LIMITS.keepAliveTimeoutMs.value);
  assert.equal(await client.over(), "end");
  assert.equal(client.heard, "");
});

test("random bytes never hurt the next connection", async () => {
  await using target = await startHttpTarget((_request, response) => response.end("fine"));
  await using fixture = await startProxy();
  const { proxy, address } = fixture;
  const firsts = fc.constantFrom(
    "",
    "\x05",
    "\x04",
    "GET ",
    "CONNECT ",
    "POST http://x/ HTTP/1.1\r\n",
    "\x05\x01\x00",
    "\x05\x01\x02\x01",
  );
  const bytes = fc.tuple(firsts, fc.uint8Array({ maxLength: 400 }));
  const property = fc.asyncProperty(bytes, async ([first, rest]) => {
    using hostile = await RawClient.connect(address);
    hostile.send(Buffer.concat([Buffer.from(first, "latin1"), rest])).socket.end();
    using client = await RawClient.connect(address);
    client.send(`GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(await client.hear(/fine$/), /^HTTP\/1.1 200 OK/);
  });
  await fc.assert(property, { numRuns: 100 });
  await until(() => proxy.connections === 0);
});

test("many connections opened and reset leave nothing behind", async () => {
  await using target = await startTcpTarget((socket) => socket.pipe(socket));
  await using fixture = await startProxy();
  const { proxy, opener, clock, address } = fixture;
  const connect = encodeSocks5Request("connect", target.address);
  const openings = [
    () => [encodeSocks5Greeting([0]), connect, Buffer.from("early")],
    () => [Buffer.from(`CONNECT ${target.authority} HTTP/1.1\r\n\r\n`)],
    () => [Buffer.from(`GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`)],
    () => [Buffer.from([4, 1, 0])],
    () => [],
  ];
  for (let round = 0; round < 4; round += 1) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(address)));
    for (const [index, client] of clients.entries()) client.send(Buffer.concat(openings[index % 5]?.() ?? []));
    // One round is reset at once, the others when streams are open.
    if (round > 0) await until(() => opener.streams.size >= 20);
    for (const client of clients) client.socket.resetAndDestroy();
    await until(() => proxy.connections === 0 && opener.streams.size === 0);
  }
  assert.equal(clock.pending, 0);
});
