import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import http from "node:http";
import type net from "node:net";
import { test } from "node:test";
import { curl } from "../../test/support/curl.ts";
import { listen, startHttpTarget, startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { askSocks } from "../../test/support/socks-client.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { encodeSocks5Datagram } from "../wire/socks5-datagram.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { UserLimits } from "./user-limits.ts";
import type { UserLimit } from "./user-usage.ts";

/** 22:00 UTC. */
const EVENING_MS = Date.UTC(2026, 10, 21, 22);
const SAMPLE_MS = INGRESS_LIMITS.usageSampleMs.value;
const USERS = [
  { name: "alice", password: "pw" },
  { name: "bob", password: "pw" },
];
const ALICE = `Proxy-Authorization: Basic ${btoa("alice:pw")}\r\n`;

/** Limits on a clock of their own, so that the proxy's time-outs stand still. */
function limitsOf(...limits: readonly UserLimit[]) {
  const clock = new FakeClock(EVENING_MS);
  return { clock, limits: new UserLimits({ clock }, { limits }) };
}

async function status(to: HostPort, request: string): Promise<number> {
  using client = await RawClient.connect(to);
  const heard = await client.send(`${request}\r\n\r\n`).hear(/\r\n\r\n/);
  return Number(heard.split(" ", 2)[1]);
}

test("curl sees 407 without a password, and 429 with Retry-After beyond a limit, whichever way it comes", async () => {
  await using target = await startHttpTarget((_request, response) => response.end("fine"));
  const { limits } = limitsOf({ user: "alice", requestsPerSecond: 1 });
  await using fixture = await startProxy({ users: USERS, limits });
  const { port } = fixture.address;
  const url = `http://${target.authority}/`;
  const write = "%{http_code} %{http_connect} %header{retry-after} %header{proxy-authenticate}";
  const ask = (user: string, ...more: readonly string[]) =>
    curl("-o", "/dev/null", "-w", write, "-x", `http://${user}127.0.0.1:${port}`, ...more, url);
  assert.equal((await ask("")).output, '407 000  Basic realm="byway", charset="UTF-8"');
  assert.equal((await ask("alice:no@")).output, '407 000  Basic realm="byway", charset="UTF-8"');
  assert.equal((await ask("alice:pw@")).output, "200 000  ");
  assert.equal((await ask("alice:pw@")).output, "429 000 1 ");
  const connect = await ask("alice:pw@", "-p", "-D", "-");
  assert.equal(connect.exit, 56);
  assert.match(connect.output, /^HTTP\/1\.1 429 [\s\S]*\r\nRetry-After: 1\r\n[\s\S]* 429/);
  assert.equal((await curl("-x", `socks5h://alice:pw@127.0.0.1:${port}`, url)).exit, 97);
  assert.equal((await ask("bob:pw@")).output, "200 000  ");
});

test("each plain request on one connection counts, and the connection outlives a refusal", async () => {
  await using target = await startHttpTarget((_request, response) => response.end("fine"));
  const { limits, clock } = limitsOf({ user: "alice", requestsPerSecond: 2 });
  await using fixture = await startProxy({ users: USERS, limits });
  using client = await RawClient.connect(fixture.address);
  const ask = async (): Promise<string | undefined> => {
    const request = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n${ALICE}\r\n`;
    return (
      await client
        .forget()
        .send(request)
        .hear(/fine$|\}\n$/)
    ).split(" ", 2)[1];
  };
  assert.deepEqual([await ask(), await ask(), await ask()], ["200", "200", "429"]);
  assert.match(client.heard, /"code":"ERR_USER_LIMIT"/);
  clock.advance(500);
  assert.deepEqual([await ask(), await ask()], ["200", "429"]);
});

test("every kind of request holds one of the open streams for as long as it lasts", async () => {
  const server = http.createServer((_request, response) => response.flushHeaders());
  server.on("upgrade", (_request, socket: net.Socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    socket.on("error", () => {});
  });
  await using target = await listen(server);
  const { limits } = limitsOf({ user: "*", openStreams: 1 });
  await using fixture = await startProxy({ limits });
  const { address } = fixture;
  const raw = async (request: string | Uint8Array, answer: RegExp): Promise<net.Socket> => {
    const client = await RawClient.connect(address);
    await client.send(request).hear(answer);
    return client.socket;
  };
  const socks = async (command: "connect" | "udp-associate"): Promise<net.Socket> => {
    const { socket } = await askSocks(address, "country-us", command, target.address);
    return socket;
  };
  const { port } = target.address;
  const socks4Connect = Buffer.from([4, 1, port >> 8, port & 255, 127, 0, 0, 1, 0]);
  const connect = `CONNECT ${target.authority} HTTP/1.1\r\n`;
  const get = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n`;
  const ways: readonly (readonly [string, () => Promise<net.Socket>])[] = [
    ["CONNECT", () => raw(`${connect}\r\n`, /200/)],
    ["plain", () => raw(`${get}\r\n`, /200/)],
    ["upgrade", () => raw(`${get}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n`, /101/)],
    ["SOCKS4", () => raw(socks4Connect, /^\0Z/)],
    ["SOCKS5", () => socks("connect")],
    ["UDP", () => socks("udp-associate")],
  ];
  const oneMore = (): Promise<number> => status(address, connect.trimEnd());
  for (const [what, open] of ways) {
    const held = await open();
    assert.equal(await oneMore(), 429, what);
    assert.equal(await status(address, get.trimEnd()), 429, what);
    await assert.rejects(socks("connect"), /^Error: SOCKS reply 2$/, what);
    await assert.rejects(socks("udp-associate"), /^Error: SOCKS reply 2$/, what);
    const socks4 = await RawClient.connect(address);
    assert.deepEqual(await socks4.send(socks4Connect).hearBytes(2), [0, 91], what);
    socks4.socket.destroy();
    held.resetAndDestroy();
    await until(() => fixture.proxy.connections === 0);
  }
  assert.equal(await oneMore(), 200);
});

test("names that nobody vouches for count as one", async () => {
  await using target = await startHttpTarget((_request, response) => response.end("fine"));
  const { limits } = limitsOf({ user: "*", requestsPerSecond: 2 });
  await using fixture = await startProxy({ limits });
  const ask = (name: string): Promise<number> =>
    status(
      fixture.address,
      `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${btoa(`${name}:x`)}`,
    );
  assert.deepEqual([await ask("user-a"), await ask("user-b"), await ask("user-c")], [200, 200, 429]);
  assert.deepEqual(
    fixture.opener.requests.map(({ user }) => user),
    ["a", "b"],
  );
});

test("who has used up the day loses all streams at every listener, and is told when the next day begins", async () => {
  await using target = await startTcpTarget((socket) => socket.pipe(socket));
  await using slow = await startHttpTarget((_request, response) => response.writeHead(200).write("begun"));
  const { limits, clock } = limitsOf({ user: "alice", bytesPerDay: 100_000 });
  await using one = await startProxy({ users: USERS, limits });
  await using other = await startProxy({ users: USERS, limits });
  const connect = `CONNECT ${target.authority} HTTP/1.1\r\n`;
  const bob = `${connect}Proxy-Authorization: Basic ${btoa("bob:pw")}`;
  using busy = await RawClient.connect(one.address);
  await busy.send(`${connect}${ALICE}\r\n`).hear(/\r\n\r\n/);
  using idle = await RawClient.connect(other.address);
  await idle.send(`${connect}${ALICE}\r\n`).hear(/\r\n\r\n/);
  using plain = await RawClient.connect(one.address);
  await plain.send(`GET http://${slow.authority}/ HTTP/1.1\r\nHost: x\r\n${ALICE}\r\n`).hear(/begun/);
  using bobs = await RawClient.connect(one.address);
  await bobs.send(`${bob}\r\n\r\n`).hear(/\r\n\r\n/);
  // What goes there comes back: 90,000 bytes in all, and a little for the heads.
  await busy.send("x".repeat(45_000)).hear(/x{45000}$/);
  clock.advance(SAMPLE_MS);
  await busy
    .forget()
    .send("y".repeat(5_000))
    .hear(/y{5000}$/);
  clock.advance(SAMPLE_MS);
  for (const client of [busy, idle, plain]) assert.equal(await client.over(), "ECONNRESET");
  await bobs
    .forget()
    .send("still here")
    .hear(/still here/);
  using again = await RawClient.connect(other.address);
  const answer = await again.send(`${connect}${ALICE}\r\n`).hear(/\}\n$/);
  assert.match(answer, new RegExp(`^HTTP/1.1 429 [\\s\\S]*\\r\\nRetry-After: ${2 * 3600 - 2}\\r\\n`));
  clock.advance(2 * 3_600_000);
  assert.equal(await status(other.address, `${connect}${ALICE.trimEnd()}`), 200);
});

test("what short requests on one connection move is counted once", async () => {
  await using target = await startHttpTarget((_request, response) => response.end("z".repeat(10_000)));
  const { limits } = limitsOf({ user: "alice", bytesPerDay: 50_000 });
  await using fixture = await startProxy({ users: USERS, limits });
  using client = await RawClient.connect(fixture.address);
  const codes: (string | undefined)[] = [];
  for (let n = 0; n < 6; n += 1) {
    const request = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n${ALICE}\r\n`;
    codes.push(
      (
        await client
          .forget()
          .send(request)
          .hear(/z{10000}$|\}\n$/)
      ).split(" ", 2)[1],
    );
  }
  assert.deepEqual(codes, ["200", "200", "200", "200", "200", "429"]);
});

test("datagrams count too, and an association that is over ends with its connection", async () => {
  await using target = await startTcpTarget((socket) => socket.resume());
  const sink = createSocket("udp4").bind(0, "127.0.0.1");
  await once(sink, "listening");
  const { limits, clock } = limitsOf({ user: "alice", bytesPerDay: 2_000 });
  await using fixture = await startProxy({ users: [{ name: "alice", password: "x" }], limits });
  const { socket, bound } = await askSocks(fixture.address, "alice", "udp-associate", { host: "0.0.0.0", port: 0 });
  const app = createSocket("udp4");
  const datagram = encodeSocks5Datagram({ host: "127.0.0.1", port: sink.address().port }, Buffer.alloc(1_000));
  const send = async (): Promise<void> => {
    app.send(datagram, bound.port, bound.host);
    await once(sink, "message");
  };
  await send();
  clock.advance(SAMPLE_MS);
  assert.equal(socket.destroyed, false);
  await send();
  const over = new Promise((resolve) => socket.resume().once("close", resolve));
  clock.advance(SAMPLE_MS);
  await over;
  await until(() => fixture.opener.flows.size === 0);
  await assert.rejects(askSocks(fixture.address, "alice", "connect", target.address), /SOCKS reply 2/);
  app.close();
  sink.close();
});
