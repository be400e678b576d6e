import assert from "node:assert/strict";
import { test } from "node:test";
import { startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const POST = "POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const GET = "GET http://a.example/ HTTP/1.1\r\n";

/** Heads that two parsers might read in two ways; none may reach a target. */
const BAD_HEADS: Readonly<Record<string, string>> = {
  "a length and chunks": `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  "chunks and a length": `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  "two different lengths": `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
  "two equal lengths": `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  "a list of lengths": `${POST}Content-Length: 5, 5\r\n\r\nhello`,
  "a length with a sign": `${POST}Content-Length: +5\r\n\r\nhello`,
  "a negative length": `${POST}Content-Length: -5\r\n\r\nhello`,
  "a hexadecimal length": `${POST}Content-Length: 0x5\r\n\r\nhello`,
  "an empty length": `${POST}Content-Length: \r\n\r\nhello`,
  "an endless length": `${POST}Content-Length: 99999999999999999999999\r\n\r\nhello`,
  "a folded line": `${POST}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`,
  "a line folded with a tab": `${POST}X: a\r\n\tb\r\nContent-Length: 0\r\n\r\n`,
  "a folded Transfer-Encoding": `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
  "an unknown coding": `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  "a coding after chunked": `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  "a coding before chunked": `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  "chunked twice": `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  "chunked with a parameter": `${POST}Transfer-Encoding: chunked;x=1\r\n\r\n0\r\n\r\n`,
  "a control character before chunked": `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  "an empty coding": `${POST}Transfer-Encoding: \r\n\r\n`,
  identity: `${POST}Transfer-Encoding: identity\r\n\r\nabc`,
  "chunks in HTTP/1.0": "POST http://a.example/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a space before the colon": `${POST}X : a\r\nContent-Length: 0\r\n\r\n`,
  "a space before the colon of Transfer-Encoding": `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  "a space before the first name": `${GET} Host: a\r\n\r\n`,
  "no name": `${GET}Host: a\r\n: b\r\n\r\n`,
  "no colon": `${GET}Host: a\r\nfoo\r\n\r\n`,
  "bare LF everywhere": "GET http://a.example/ HTTP/1.1\nHost: a\n\n",
  "a bare LF after the request line": "GET http://a.example/ HTTP/1.1\nHost: a\r\n\r\n",
  "a bare LF after a field": `${GET}Host: a\nX: b\r\n\r\n`,
  "a bare LF as the empty line": `${GET}Host: a\r\n\n`,
  "a bare CR after a field": `${GET}Host: a\rX: b\r\n\r\n`,
  "a bare CR in a value": `${GET}Host: a\r\nX: a\rb\r\n\r\n`,
  "CR CR LF": `${GET}Host: a\r\r\n\r\n`,
  "a zero byte": `${GET}Host: a\r\nX: a\0b\r\n\r\n`,
  "no Host": `${GET}\r\n`,
  "two Hosts": `${GET}Host: a\r\nHost: b\r\n\r\n`,
  "two Proxy-Authorizations": `${GET}Host: a\r\nProxy-Authorization: Basic eDo=\r\nProxy-Authorization: Basic eTo=\r\n\r\n`,
  "a space in the target": "GET http://a.example/ b HTTP/1.1\r\nHost: a\r\n\r\n",
  "user info in the target": "GET http://u@a.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
  "a fragment in the target": "GET http://a.example/#x HTTP/1.1\r\nHost: a\r\n\r\n",
  "an https target": "GET https://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
  "no host in the target": "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
  "port 0": "GET http://a.example:0/ HTTP/1.1\r\nHost: a\r\n\r\n",
  "HTTP/0.9": "GET http://a.example/\r\n\r\n",
  "HTTP/2.0": "GET http://a.example/ HTTP/2.0\r\nHost: a\r\n\r\n",
  "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a method that is no token": "G(T http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
  "CONNECT without a port": "CONNECT a.example HTTP/1.1\r\nHost: a\r\n\r\n",
  "CONNECT with a path": "CONNECT a.example:80/x HTTP/1.1\r\nHost: a\r\n\r\n",
  "CONNECT with a length": "CONNECT a.example:80 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
  "CONNECT with chunks": "CONNECT a.example:80 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "CONNECT with two Hosts": "CONNECT a.example:80 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
};

/** Bodies that go wrong after a good head. */
const BAD_BODIES: Readonly<Record<string, string>> = {
  "a chunk size that is none": "zz\r\nhello\r\n0\r\n\r\n",
  "a chunk size with 0x": "0x5\r\nhello\r\n0\r\n\r\n",
  "a chunk size with a sign": "+5\r\nhello\r\n0\r\n\r\n",
  "a negative chunk size": "-1\r\nhello\r\n0\r\n\r\n",
  "a chunk size with a space before it": " 5\r\nhello\r\n0\r\n\r\n",
  "a chunk size with a space after it": "5 \r\nhello\r\n0\r\n\r\n",
  "an endless chunk size": "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
  "no chunk size": "\r\nhello\r\n0\r\n\r\n",
  "a bare LF after a chunk size": "5\nhello\r\n0\r\n\r\n",
  "a bare CR after a chunk size": "5\rhello\r\n0\r\n\r\n",
  "a bare LF in a chunk extension": "5;a\nb\r\nhello\r\n0\r\n\r\n",
  "a bare LF after a chunk": "5\r\nhello\n0\r\n\r\n",
  "a chunk longer than its size": "5\r\nhelloXX\r\n0\r\n\r\n",
  "a bare LF at the end": "5\r\nhello\r\n0\n\n",
  "a malformed trailer": "5\r\nhello\r\n0\r\nX : a\r\n\r\n",
  "a folded trailer": "5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n",
  "a length in the trailer": "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
};

/** What every refusal has in common; the request after it on the same connection is not answered. */
async function expect400(client: RawClient, what: string, code = 400): Promise<void> {
  const how = await client.over();
  assert.equal(how, "end", `${what}: ${client.heard}`);
  assert.match(client.heard, new RegExp(`^HTTP/1\\.1 ${code} `), what);
  assert.match(client.heard, /\r\nProxy-Status: byway; error=http_request_error; details="/, what);
  assert.match(client.heard, /\{"code":"ERR_REQUEST_[A-Z_]+","message":"[^\n]+"\}\n$/, what);
  assert.equal(client.heard.split("HTTP/1.1 ").length, 2, `${what}: ${client.heard}`);
}

for (const [what, head] of Object.entries(BAD_HEADS)) {
  test(`${what}: 400, and nothing is opened`, async () => {
    await using fixture = await startProxy();
    using client = await RawClient.connect(fixture.address);
    client.send(head);
    await client.hear(/\}\n$/);
    client.socket.end();
    await expect400(client, what);
    assert.deepEqual(fixture.opener.requests, []);
    await until(() => fixture.proxy.connections === 0);
  });
}

for (const [what, body] of Object.entries(BAD_BODIES)) {
  test(`${what}: 400, and the target sees no whole request`, async () => {
    let heard = "";
    const broken = Promise.withResolvers<string>();
    await using target = await startTcpTarget((socket) => {
      socket.on("data", (chunk) => (heard += chunk));
      socket.on("end", () => broken.resolve("end"));
      socket.on("error", () => broken.resolve("reset"));
    });
    await using fixture = await startProxy();
    using client = await RawClient.connect(fixture.address);
    client.send(CHUNKED.replaceAll("a.example", target.authority)).send("2\r\nok\r\n");
    await until(() => heard.includes("ok"));
    client.send(body);
    await expect400(client, what);
    assert.equal(await broken.promise, "reset");
    assert.doesNotMatch(heard, /\r\n0\r\n/);
    client.socket.end();
    await until(() => fixture.proxy.connections === 0);
  });
}

test("a chunk extension is dropped on the way", async () => {
  let heard = "";
  await using target = await startTcpTarget((socket) => {
    socket.on("data", (chunk) => {
      heard += chunk;
      if (heard.endsWith("0\r\n\r\n")) socket.end("HTTP/1.1 204 No Content\r\n\r\n");
    });
  });
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  client.send(`${CHUNKED.replaceAll("a.example", target.authority)}5;a=b\r\nhello\r\n0\r\n\r\n`);
  await client.hear(/^HTTP\/1.1 204 /);
  assert.match(heard, /\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/);
});

test("a head or a chunk extension without end is refused", async () => {
  await using fixture = await startProxy();
  const large = "x".repeat(INGRESS_LIMITS.maxHeadBytes.value);
  for (const head of [
    `${GET}X: ${large}\r\n\r\n`,
    `GET http://a.example/${large} HTTP/1.1\r\n\r\n`,
    `${GET}${"X: y\r\n".repeat(10_000)}\r\n`,
  ]) {
    using client = await RawClient.connect(fixture.address);
    await client.send(head).hear(/\}\n$/);
    client.socket.end();
    assert.match(client.heard, /^HTTP\/1.1 431 /);
  }
  await until(() => fixture.proxy.connections === 0);
});

test("many small fields are refused, and as many as are allowed do not push Transfer-Encoding out of sight", async () => {
  await using fixture = await startProxy();
  const most = INGRESS_LIMITS.maxFields.value;
  for (const [count, status] of [
    [most - 2, 400],
    [most, 431],
  ] as const) {
    using client = await RawClient.connect(fixture.address);
    client.send(`${POST}${"A:b\r\n".repeat(count)}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`);
    await client.hear(/\}\n$/);
    assert.match(client.heard, new RegExp(`^HTTP/1.1 ${status} `));
  }
});

test("a malformed request is answered after the good one before it", async () => {
  await using target = await startTcpTarget((socket) =>
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")),
  );
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  client.send(`GET http://${target.authority}/ HTTP/1.1\r\nHost: a\r\n\r\nGET http://b/ HTTP/1.1\r\nHost : b\r\n\r\n`);
  assert.equal(await client.over(), "end");
  assert.match(client.heard, /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nfineHTTP\/1.1 400 /);
});

test("what follows Connection: close is not read", async () => {
  await using target = await startTcpTarget((socket) =>
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")),
  );
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  const request = `GET http://${target.authority}/ HTTP/1.1\r\nHost: a\r\n`;
  client.send(`${request}Connection: close\r\n\r\n${request}\r\n`);
  await client.over();
  assert.match(client.heard, /fine$/);
  assert.equal(fixture.opener.requests.length, 1);
});
