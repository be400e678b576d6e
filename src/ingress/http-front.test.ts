import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { hang } from "../../test/support/direct-opener.ts";
import { listen, startHttpTarget, startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { HTTP1_LIMITS } from "../http1/limits.ts";
import { parseProxyStatus } from "../wire/proxy-status.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const ESTABLISHED = /^HTTP\/1\.1 200 Connection established\r\n\r\n/;

/** The parts of an answer that Byway itself gave. */
function ownAnswer(heard: string) {
  const [head = "", body = ""] = heard.split("\r\n\r\n", 2);
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)\r?$`, "im").exec(head)?.[1];
  const [status] = parseProxyStatus(field("Proxy-Status") ?? "");
  return { status: Number(head.split(" ", 2)[1]), field, token: status?.error, details: status?.details, body };
}

/** A target that tells what it got. */
const tell: http.RequestListener = (request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const { method, url, rawHeaders, rawTrailers } = request;
    response.end(JSON.stringify({ method, url, rawHeaders, rawTrailers, body }));
  });
};

test("CONNECT carries bytes both ways with half-close, and early bytes with the opening", async () => {
  await using target = await startTcpTarget((socket) => {
    let heard = "";
    socket.on("data", (chunk) => (heard += chunk));
    socket.on("end", () => socket.end(heard.toUpperCase()));
  });
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  await client
    .send(`CONNECT ${target.authority} HTTP/1.1\r\nHost: ${target.authority}\r\n\r\nearly `)
    .hear(ESTABLISHED);
  client.socket.end("late");
  await client.hear(/EARLY LATE$/);
  assert.equal(await client.over(), "end");
  assert.equal(Buffer.from(fixture.opener.requests[0]?.early ?? []).toString(), "early ");
});

test("CONNECT is refused with a status, Proxy-Status and a body", async () => {
  await using fixture = await startProxy();
  const table: readonly (readonly [ErrorCode, number, string])[] = [
    ["ERR_NO_NODE", 503, "destination_unavailable"],
    ["ERR_TARGET_NAME", 502, "dns_error"],
    ["ERR_TARGET_TIMEOUT", 504, "connection_timeout"],
    ["ERR_TARGET_PROHIBITED", 403, "destination_ip_prohibited"],
    ["ERR_HOP_LIMIT", 429, "connection_limit_reached"],
  ];
  for (const [code, status, token] of table) {
    fixture.opener.before = async () => {
      throw new BywayError(code, 'it "failed"\r\nX-Injected: 1');
    };
    for (const request of ["CONNECT a.example:443", "GET http://a.example/"]) {
      using client = await RawClient.connect(fixture.address);
      const answer = ownAnswer(await client.send(`${request} HTTP/1.1\r\nHost: a.example\r\n\r\n`).hear(/\}\n$/));
      assert.deepEqual([answer.status, answer.token], [status, token], request);
      assert.equal(answer.field("X-Injected"), undefined);
      const { message, remedy, ...rest } = JSON.parse(answer.body);
      assert.deepEqual(rest, { code });
      assert.ok(message !== "" && remedy !== "");
      if (status === 429) assert.equal(answer.field("Retry-After"), "1");
      if (request.startsWith("CONNECT")) assert.equal(await client.over(), "end");
    }
  }
});

test("what nobody waits for is taken back", async () => {
  await using fixture = await startProxy();
  const { opener, proxy, clock } = fixture;
  opener.before = hang;
  const connect = "CONNECT a.example:443 HTTP/1.1\r\n\r\n";
  const get = "GET http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n";
  // Right behind a request, an end says that the app has nothing more to say.
  for (const [head, hangUp, afterMs] of [
    [connect, "end", 0],
    [connect, "resetAndDestroy", 0],
    [get, "resetAndDestroy", 0],
    [get, "end", INGRESS_LIMITS.halfCloseMs.value + 1],
  ] as const) {
    const before = opener.requests.length;
    using client = await RawClient.connect(fixture.address);
    client.send(head);
    await until(() => opener.requests.length === before + 1);
    clock.advance(afterMs);
    client.socket[hangUp]();
    await until(() => opener.aborted === before + 1 && proxy.connections === 0);
  }
});

test("a request is forwarded in origin form, without what is for this hop, and marked in Via", async () => {
  await using target = await startHttpTarget(tell);
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  const head = [
    `GET http://${target.authority}?q=1 HTTP/1.1`,
    "Host: other.example",
    "X-One: 1",
    "x-one: 2",
    "Connection: keep-alive, X-Secret",
    "X-Secret: s",
    "Proxy-Connection: keep-alive",
    `Proxy-Authorization: Basic ${btoa("country-us:x")}`,
    "Byway-Debug: 1",
  ];
  const heard = await client.send(`${head.join("\r\n")}\r\n\r\n`).hear(/\}$/);
  const { method, url, rawHeaders } = JSON.parse(heard.split("\r\n\r\n")[1] ?? "");
  assert.deepEqual([method, url], ["GET", "/?q=1"]);
  const sent = ["Host", target.authority, "X-One", "1", "x-one", "2", "Via", "1.1 byway", "Connection", "keep-alive"];
  assert.deepEqual(rawHeaders, sent);
  assert.match(heard, /\r\nVia: 1\.1 byway\r\n/);
  assert.match(heard, /\r\nbyway-exit: k51exit;country=de\r\nbyway-hops: k51guard;country=nl, k51exit;country=de\r\n/);
  assert.deepEqual(fixture.opener.requests[0]?.constraints, { countries: ["us"] });
});

test("one client connection carries many requests over one stream, but never over another user's", async () => {
  await using target = await startHttpTarget(tell);
  await using other = await startHttpTarget(tell);
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  const ask = async (authority: string, userName = ""): Promise<void> => {
    const auth = userName === "" ? "" : `Proxy-Authorization: Basic ${btoa(`${userName}:`)}\r\n`;
    await client.forget().send(`GET http://${authority}/ HTTP/1.1\r\nHost: x\r\n${auth}\r\n`).hear(/\}$/);
  };
  for (let count = 0; count < 3; count += 1) await ask(target.authority);
  assert.equal(fixture.opener.requests.length, 1);
  await ask(target.authority, "alice");
  await ask(target.authority, "alice-country-us".replace("alice", "user-alice"));
  await ask(other.authority);
  assert.equal(fixture.opener.requests.length, 4);
  await ask(target.authority, "alice");
  assert.equal(fixture.opener.requests.length, 4);
  client.socket.end();
  await until(() => fixture.opener.streams.size === 0 && fixture.clock.pending === 0);
});

test("a kept stream that the target has closed is not used for the next request", async () => {
  await using target = await startHttpTarget(tell);
  await using fixture = await startProxy();
  const { opener } = fixture;
  using client = await RawClient.connect(fixture.address);
  const ask = (): Promise<string> =>
    client.forget().send(`GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`).hear(/\}$/);
  await ask();
  for (const stream of opener.streams) stream.destroy();
  await ask();
  // And when the end comes with the request, it is asked for once more.
  for (const stream of opener.streams) stream.write = () => !stream.resetAndDestroy();
  await ask();
  assert.ok(opener.requests.length >= 3);
  await until(() => fixture.clock.pending === 2);
  fixture.clock.advance(INGRESS_LIMITS.idleUpstreamMs.value);
  await until(() => opener.streams.size === 0);
});

test("pipelined requests are answered in order", async () => {
  await using target = await startHttpTarget((request, response) => response.end(`<${request.url}>`));
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  const request = (path: string): string => `GET http://${target.authority}${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const heard = await client.send(["/1", "/2", "/3"].map(request).join("")).hear(/<\/3>$/);
  assert.deepEqual(heard.match(/<\/\d>/g), ["</1>", "</2>", "</3>"]);
});

test("bodies of both framings go through, with trailers both ways", async () => {
  await using target = await startHttpTarget((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      response.writeHead(200, { Trailer: "X-Sum" });
      response.write(`${request.headers["content-length"]}|${request.headers["transfer-encoding"]}|${body}|`);
      response.addTrailers({ "X-Sum": String(request.trailers["x-in"]) });
      response.end();
    });
  });
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  const start = `POST http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n`;
  const end = /0\r\nX-Sum: [\s\S]*\r\n\r\n$/;
  assert.match(await client.send(`${start}Content-Length: 4\r\n\r\nbody`).hear(end), /4\|undefined\|body\|/);
  assert.match(await client.forget().send(`${start}\r\n`).hear(end), /0\|undefined\|\|/);
  client.forget().send(`${start}Transfer-Encoding: chunked\r\nTrailer: X-In\r\n\r\n2\r\nbo\r\n`);
  const heard = await client.send("2\r\ndy\r\n0\r\nX-In: seen\r\n\r\n").hear(end);
  assert.match(heard, /undefined\|chunked\|body\|/);
  assert.match(heard, /\r\nTrailer: X-Sum\r\n[\s\S]*\r\nX-Sum: seen\r\n/);
});

test("100-continue goes through, and so does a final answer instead of it", async () => {
  const server = http.createServer(tell);
  server.on("checkContinue", (request, response) => {
    if (request.url === "/no") {
      response.writeHead(413, { "Content-Length": 0 });
      response.end();
      return;
    }
    response.writeContinue();
    tell(request, response);
  });
  await using target = await listen(server);
  await using fixture = await startProxy();
  const head = (path: string): string =>
    `PUT http://${target.authority}${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`;
  using client = await RawClient.connect(fixture.address);
  await client.send(head("/")).hear(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
  assert.match(await client.forget().send("body").hear(/\}$/), /"body":"body"/);
  using refused = await RawClient.connect(fixture.address);
  assert.match(await refused.send(head("/no")).hear(/\r\n\r\n$/), /^HTTP\/1.1 413 [\s\S]*\r\nConnection: close\r\n/);
});

test("HTTP/1.0 clients, HEAD and 304 are framed as they understand it", async () => {
  await using target = await startHttpTarget((request, response) => {
    if (request.url === "/304") response.writeHead(304, { ETag: '"x"' }).end();
    else if (request.method === "HEAD") response.writeHead(200, { "Content-Length": 1234 }).end();
    else response.write("part ", () => response.end("whole"));
  });
  await using fixture = await startProxy();
  using old = await RawClient.connect(fixture.address);
  old.send(`GET http://${target.authority}/ HTTP/1.0\r\n\r\n`);
  assert.equal(await old.over(), "end");
  assert.match(old.heard, /\r\n\r\npart whole$/);
  using client = await RawClient.connect(fixture.address);
  const head = await client.send(`HEAD http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`).hear(/\r\n\r\n$/);
  assert.match(head, /\r\nContent-Length: 1234\r\n/);
  const unchanged = client.forget().send(`GET http://${target.authority}/304 HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(await unchanged.hear(/\r\n\r\n$/), /^HTTP\/1.1 304 /);
});

test("a response that is cut short never ends cleanly", async () => {
  const responses = {
    length: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart",
    chunked: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
    untilClose: "HTTP/1.1 200 OK\r\n\r\npart",
  };
  await using fixture = await startProxy();
  for (const [name, response] of Object.entries(responses)) {
    for (const ending of ["reset", "end"] as const) {
      if (name === "untilClose" && ending === "end") continue;
      await using target = await startTcpTarget((socket) => {
        socket.once("data", () => {
          socket.write(response);
          socket.once("data", () => (ending === "reset" ? abortStream(socket) : socket.end()));
        });
      });
      using client = await RawClient.connect(fixture.address);
      // The second half of the body is the sign that the first half of the response has arrived.
      client.send(`POST http://${target.authority}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na`);
      await client.hear(/part/);
      client.send("b");
      assert.equal(await client.over(), "ECONNRESET", `${name} ${ending}`);
    }
  }
});

test("a request that is cut short is cut short for the target too", async () => {
  const ended = Promise.withResolvers<string>();
  await using target = await startTcpTarget((socket) => {
    socket.on("end", () => ended.resolve("end"));
    socket.on("error", () => ended.resolve("reset"));
    socket.resume();
  });
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  client.send(
    `POST http://${target.authority}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`,
  );
  await until(() => fixture.opener.streams.size === 1);
  client.socket.resetAndDestroy();
  assert.equal(await ended.promise, "reset");
});

test("a large response waits for a slow reader", async () => {
  const size = 64 * 1_048_576;
  let sent = 0;
  await using target = await startHttpTarget((_request, response) => {
    response.writeHead(200, { "Content-Length": size });
    const chunk = Buffer.alloc(1_048_576);
    const more = (): void => {
      while (sent < size) {
        sent += chunk.length;
        if (!response.write(chunk)) {
          response.once("drain", more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  await using fixture = await startProxy();
  const client = net.connect({ ...fixture.address });
  client.pause();
  client.write(`GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  let before = -1;
  // Nothing moves any more when every buffer on the way is full.
  while (sent === 0 || sent !== before) {
    before = sent;
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(sent < size / 2, `${sent} bytes were taken from the target`);
  let heard = 0;
  for await (const chunk of client) heard += chunk.length;
  assert.ok(heard > size);
});

test("an answer that is not HTTP, or none, is 502", async () => {
  await using fixture = await startProxy();
  const table = [
    ["SSH-2.0-x\r\n\r\n", "ERR_TARGET_PROTOCOL"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "ERR_TARGET_PROTOCOL"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "ERR_TARGET_PROTOCOL"],
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(HTTP1_LIMITS.maxAnswerHeadBytes.value)}\r\n\r\n`, "ERR_TARGET_PROTOCOL"],
    ["", "ERR_TARGET_RESET"],
  ] as const;
  for (const [response, code] of table) {
    await using target = await startTcpTarget((socket) => socket.once("data", () => socket.end(response)));
    using client = await RawClient.connect(fixture.address);
    const heard = await client.send(`GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`).hear(/\}\n$/);
    assert.equal(ownAnswer(heard).status, 502);
    assert.equal(JSON.parse(ownAnswer(heard).body).code, code, response.slice(0, 80));
  }
});

test("who is not a user gets 407 and may try again on the same connection", async () => {
  await using target = await startHttpTarget(tell);
  await using fixture = await startProxy({ users: [{ name: "alice", password: "pw" }] });
  using client = await RawClient.connect(fixture.address);
  const ask = async (credentials: string): Promise<ReturnType<typeof ownAnswer>> => {
    const head = `POST http://${target.authority}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n${credentials}\r\nbody`;
    return ownAnswer(
      await client
        .forget()
        .send(head)
        .hear(/\}\n?$/),
    );
  };
  const basic = (text: string): string => `Proxy-Authorization: Basic ${btoa(text)}\r\n`;
  for (const wrong of ["", basic("alice:no"), basic("alice"), basic("bob:pw"), "Proxy-Authorization: Bearer x\r\n"]) {
    const answer = await ask(wrong);
    assert.equal(answer.status, 407);
    assert.equal(answer.field("Proxy-Authenticate"), 'Basic realm="byway", charset="UTF-8"');
  }
  assert.equal((await ask(basic("user-alice-contry-us:pw"))).status, 400);
  assert.equal((await ask(basic("user-alice-country-us:pw"))).status, 200);
  using connect = await RawClient.connect(fixture.address);
  const heard = await connect.send(`CONNECT ${target.authority} HTTP/1.1\r\n\r\n`).hear(/\}\n$/);
  assert.equal(ownAnswer(heard).field("Proxy-Authenticate"), 'Basic realm="byway", charset="UTF-8"');
  assert.equal(fixture.opener.requests.length, 1);
});

test("a request that came back is a loop", async () => {
  await using fixture = await startProxy();
  fixture.opener.before = async () => assert.fail("the loop was not seen");
  for (const via of ["1.1 byway", "1.0 squid, 1.1 BYWAY (x)"]) {
    using client = await RawClient.connect(fixture.address);
    const heard = await client.send(`GET http://a.example/ HTTP/1.1\r\nHost: a\r\nVia: ${via}\r\n\r\n`).hear(/\}\n$/);
    assert.deepEqual([ownAnswer(heard).status, ownAnswer(heard).token], [502, "proxy_loop_detected"]);
  }
});

test("a request through the proxy to the proxy is a loop", async () => {
  await using fixture = await startProxy();
  const { host, port } = fixture.address;
  using client = await RawClient.connect(fixture.address);
  const heard = await client.send(`GET http://${host}:${port}/ HTTP/1.1\r\nHost: a\r\n\r\n`).hear(/\}\n$/);
  // What the proxy behind said is a target's answer to the one before it, in whose name only its own answers speak.
  assert.match(heard, /^HTTP\/1\.1 502 [\s\S]*"code":"ERR_REQUEST_LOOP"/);
});

test("who is refused while still talking hears the answer, and is not listened to for ever", async () => {
  await using fixture = await startProxy({ users: [{ name: "alice", password: "pw" }] });
  const { clock, proxy } = fixture;
  using tunnel = await RawClient.connect(fixture.address);
  tunnel.send(`CONNECT a.example:443 HTTP/1.1\r\n\r\n${"x".repeat(4 * 1_048_576)}`);
  await tunnel.hear(/^HTTP\/1.1 407 [\s\S]*\}\n$/);
  assert.equal(await tunnel.over(), "end");
  await until(() => tunnel.socket.writableLength === 0);
  tunnel.socket.end();
  using upload = await RawClient.connect(fixture.address);
  upload.send("POST http://a.example/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\npart");
  await upload.hear(/^HTTP\/1.1 407 [\s\S]*\}\n$/);
  await until(() => proxy.connections === 1 && clock.pending === 1);
  assert.equal(upload.ending, undefined);
  clock.advance(INGRESS_LIMITS.lingerMs.value);
  assert.equal(await upload.over(), "ECONNRESET");
});
