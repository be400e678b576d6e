import assert from "node:assert/strict";
import http from "node:http";
import type net from "node:net";
import { test } from "node:test";
import { fetch, ProxyAgent } from "undici";
import { curl } from "../../test/support/curl.ts";
import { listen, startHttpTarget, startProxy } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { BywayError } from "../core/errors.ts";

const WAY = [
  "byway-exit: k51exit;country=de",
  "byway-hops: k51guard;country=nl, k51exit;country=de",
  "byway-request-id: r1",
];

/** The fields of Byway's own in what was heard. */
function own(heard: string): readonly string[] {
  return (heard.split("\r\n\r\n")[0] ?? "").split("\r\n").filter((line) => line.startsWith("byway-"));
}

test("a CONNECT, a plain request and an upgrade tell their way when asked", async () => {
  const server = http.createServer((_request, response) => response.setHeader("byway-exit", "a lie").end("fine"));
  server.on("upgrade", (_request, socket: net.Socket) =>
    socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfine"),
  );
  await using target = await listen(server);
  await using fixture = await startProxy();
  fixture.opener.more = { requestId: "r1" };
  const ask = async (head: string, until: RegExp): Promise<readonly string[]> => {
    using client = await RawClient.connect(fixture.address);
    return own(await client.send(`${head}\r\n\r\n`).hear(until));
  };
  const connect = `CONNECT ${target.authority} HTTP/1.1`;
  const get = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x`;
  const debug = "\r\nbyway-debug: 1";
  assert.deepEqual(await ask(connect, /\r\n\r\n/), []);
  assert.deepEqual(await ask(get, /fine$/), []);
  const early = `${connect}${debug}\r\n\r\nearly`;
  const [bytes, cost] = (await ask(early, /\r\n\r\n/)).slice(WAY.length);
  assert.deepEqual([bytes, cost], ["byway-bytes: sent=9, received=0", "byway-cost: 0"]);
  for (const [head, until] of [
    [`${connect}${debug}`, /\r\n\r\n/],
    [`${get}${debug}`, /fine$/],
    [`${get}${debug}\r\nConnection: Upgrade\r\nUpgrade: echo`, /fine$/],
  ] as const) {
    const told = await ask(head, until);
    assert.deepEqual(told.slice(0, WAY.length), WAY, head);
    assert.match(told[3] ?? "", /^byway-bytes: sent=\d+, received=\d+$/);
  }
});

test("that a session moved is told unasked, once for each stream", async () => {
  await using target = await startHttpTarget((_request, response) => response.end("fine"));
  await using fixture = await startProxy();
  fixture.opener.more = { moved: { from: "k51old", reason: "failed" } };
  const moved = "byway-session-moved: k51old;reason=failed";
  using client = await RawClient.connect(fixture.address);
  const get = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
  assert.deepEqual(own(await client.send(get).hear(/fine$/)), [moved]);
  assert.deepEqual(own(await client.forget().send(get).hear(/fine$/)), []);
  assert.equal(fixture.opener.requests.length, 1);
  using connected = await RawClient.connect(fixture.address);
  assert.deepEqual(own(await connected.send(`CONNECT ${target.authority} HTTP/1.1\r\n\r\n`).hear(/\r\n\r\n/)), [moved]);
});

test("curl and undici see why no node fits, and the name of the request that failed", async () => {
  await using fixture = await startProxy();
  const funnel = [
    { left: 12, what: "exits" },
    { left: 0, what: "in zz" },
  ];
  fixture.opener.before = async () => {
    const data = { constraint: "country=zz", funnel, requestId: "r42" };
    throw new BywayError("ERR_NO_NODE", "no node fits country=zz: 12 exits, 0 in zz", { data });
  };
  const uri = `http://127.0.0.1:${fixture.address.port}`;
  const status = 'byway; error=destination_unavailable; details="no node fits country=zz: 12 exits, 0 in zz"';
  const tried = await curl("-p", "-D", "-", "-x", uri, "http://a.example/");
  assert.equal(tried.exit, 56);
  const head = tried.output.split("\r\n");
  for (const line of [`Proxy-Status: ${status}`, "byway-request-id: r42"]) assert.ok(head.includes(line), line);
  const dispatcher = new ProxyAgent({ uri, proxyTunnel: false });
  const response = await fetch("http://a.example/", { dispatcher });
  const body = (await response.json()) as Readonly<Record<string, unknown>>;
  assert.deepEqual([response.status, response.headers.get("byway-request-id")], [503, "r42"]);
  assert.deepEqual([body.code, body.constraint, body.funnel], ["ERR_NO_NODE", "country=zz", funnel]);
  await dispatcher.close();
});

test("what a listener sets applies where a request does not say", async () => {
  await using target = await startHttpTarget((_request, response) => response.end("fine"));
  await using fixture = await startProxy({ defaults: { countries: ["us"], hops: 3 } });
  const { port } = fixture.address;
  const url = `http://${target.authority}/`;
  for (const user of ["", "hops-2:x@", "country-de:x@"]) {
    for (const scheme of ["http", "socks5h"])
      assert.equal((await curl("-x", `${scheme}://${user}127.0.0.1:${port}`, url)).output, "fine");
  }
  const asked = fixture.opener.requests.map(({ constraints }) => constraints);
  const plain = { countries: ["us"], hops: 3 };
  const hops = { countries: ["us"], hops: 2 };
  const country = { countries: ["de"], hops: 3 };
  assert.deepEqual(asked, [plain, plain, hops, hops, country, country]);
});
