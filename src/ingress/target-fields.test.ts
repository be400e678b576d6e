import assert from "node:assert/strict";
import http from "node:http";
import type net from "node:net";
import { test } from "node:test";
import { listen, startProxy } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { targetFields, targetTrailers } from "./target-fields.ts";

/** What passes of a target's `Proxy-Status`, each argument a line of its own. */
function passes(...lines: readonly string[]): readonly string[] {
  return targetFields(["X", "1", ...lines.flatMap((line) => ["pRoXy-StAtUs", line])]).slice(2);
}

test("a target cannot speak as Byway in Proxy-Status", () => {
  for (const lie of [
    "byway",
    "byway; error=connection_refused",
    'byway;error=connection_refused;details="a, b; c"',
    '"byway"; error=dns_error',
    "BYWAY; error=dns_error",
    '"ByWay"',
    '" byway "',
    "byway;a;b;c=1;d=?0",
    "byway, byway;error=dns_error",
  ])
    assert.deepEqual(passes(lie), [], lie);
  assert.deepEqual(passes('"BYWAY"', "byway"), []);
});

test("what other proxies say passes as they wrote it", () => {
  const other = 'cdn.example; error=dns_error; details="a, \\"byway\\", b", "other proxy";received-status=502';
  assert.deepEqual(passes(other), ["Proxy-Status", other]);
  assert.deepEqual(passes(`byway;error=dns_error , ${other},byway`), ["Proxy-Status", other]);
  assert.deepEqual(passes("a; error=dns_error", "byway", "b"), ["Proxy-Status", "a; error=dns_error, b"]);
  for (const name of ["byway2", "not-byway", "byway.example", "by.way"])
    assert.deepEqual(passes(name), ["Proxy-Status", name]);
});

test("a Proxy-Status that is no list of names is dropped whole", () => {
  for (const junk of [
    "",
    ",byway",
    "byway,",
    "a,,byway",
    'a; details="byway',
    "(a byway)",
    "a, (byway)",
    "a; error=",
    "1, byway",
    "?1",
    "a; B=1",
    "byway\t; error=dns_error",
    "caf\u00e9",
    `a; details="${"b".repeat(5_000)}"`,
    Array.from({ length: 17 }, () => "a").join(", "),
  ])
    assert.deepEqual(passes(junk), [], junk.slice(0, 40));
  assert.deepEqual(
    passes('a; details="', 'byway"'),
    ["Proxy-Status", 'a; details=", byway"'],
    "two lines are one list",
  );
});

test("trailers are held to the same", () => {
  const trailers = ["Proxy-Status", "a, byway; error=dns_error", "Byway-Request-Id", "r1", "X-Sum", "1"];
  assert.deepEqual(targetTrailers(trailers), [
    ["X-Sum", "1"],
    ["Proxy-Status", "a"],
  ]);
});

const FORGED = {
  "proxy-status": "byway; error=connection_refused",
  "byway-request-id": "r1",
  "BYWAY-Exit": "k51lie",
  "proxy-authenticate": 'Basic realm="byway"',
  "retry-after": "5",
};

test("a target's answers reach the app without what would make them Byway's", { timeout: 20_000 }, async () => {
  const server = http.createServer((request, response) => {
    if (request.url === "/early") response.writeEarlyHints({ link: "</a>; rel=preload", ...FORGED });
    if (request.url === "/trailer") {
      response.writeHead(200, { trailer: "proxy-status, byway-exit", "transfer-encoding": "chunked" });
      response.addTrailers({ "proxy-status": "byway; error=dns_error", "byway-exit": "k51lie" });
    } else response.writeHead(request.url === "/407" ? 407 : 502, FORGED);
    response.end('{"code":"ERR_NODE_LIMIT"}');
  });
  server.on("upgrade", (_request, socket: net.Socket) =>
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n${Object.entries(FORGED)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("")}\r\nfine`,
    ),
  );
  await using target = await listen(server);
  await using fixture = await startProxy();
  const ask = async (path: string, more: string, until: RegExp): Promise<string> => {
    using client = await RawClient.connect(fixture.address);
    return await client.send(`GET http://${target.authority}${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`).hear(until);
  };
  for (const [path, more, until] of [
    ["/", "", /\r\n0\r\n\r\n$/],
    ["/early", "", /\r\n0\r\n\r\n$/],
    ["/trailer", "TE: trailers\r\nConnection: TE\r\n", /\r\n0\r\n[\s\S]*\r\n$/],
    ["/", "Connection: Upgrade\r\nUpgrade: echo\r\n", /fine$/],
  ] as const) {
    const heard = await ask(path, more, until);
    assert.doesNotMatch(heard.replace("Via: 1.1 byway", "").replace(/^Trailer:.*$/im, ""), /byway|proxy-auth/i, heard);
  }
  const heard = await ask("/407", "", /\r\n\r\n[\s\S]*\}/);
  assert.match(
    heard,
    /^HTTP\/1\.1 502 [\s\S]*\r\nProxy-Status: byway; error=http_protocol_error[\s\S]*ERR_TARGET_PROTOCOL/,
  );
  assert.doesNotMatch(heard, /proxy-authenticate|ERR_NODE_LIMIT/i);
});
