import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { startHttpTarget, startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { FLOW_LIMITS } from "../flow/limits.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/** A proxy, and a target that says `answer` once it has heard `end`. */
async function bench(answer = OK, end = /\r\n\r\n/) {
  const cleanup = new AsyncDisposableStack();
  const heard: string[] = [];
  const target = cleanup.use(
    await startTcpTarget((socket) => {
      const index = heard.push("") - 1;
      let said = "";
      socket.on("data", (bytes) => {
        heard[index] += bytes.toString("latin1");
        said += bytes.toString("latin1");
        if (!end.test(said)) return;
        said = "";
        socket.write(Buffer.from(answer, "latin1"));
      });
    }),
  );
  const fixture = cleanup.use(await startProxy());
  const connect = async (): Promise<RawClient> => cleanup.use(await RawClient.connect(fixture.address));
  return { at: target.authority, heard, fixture, connect, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

test("a method is any token", { timeout: 20_000 }, async () => {
  await using site = await bench();
  const client = await site.connect();
  for (const method of ["LIST", "RPC_IN_DATA", "VERSION-CONTROL", "get", "M-SEARCH", "a!#$%&'*+-.^_`|~9"]) {
    await client
      .forget()
      .send(`${method} http://${site.at}/ HTTP/1.1\r\nHost: x\r\n\r\n`)
      .hear(/hello$/);
    assert.ok(
      site.heard.some((text) => text.includes(`${method} / HTTP/1.1\r\n`)),
      method,
    );
  }
});

test("bytes above ASCII reach the target as they came: in the target, in fields, with and without a body", {
  timeout: 20_000,
}, async () => {
  for (const [head, body] of [
    ["GET", ""],
    ["POST", "Content-Length: 4\r\n\r\nbody"],
    ["PUT", "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody"],
    ["PUT", "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"],
  ] as const) {
    await using site = await bench(OK, body === "" ? /\r\n\r\n/ : /body/);
    const client = await site.connect();
    const fields = "Host: x\r\nX: caf\xe9\r\nY: caf\xc3\xa9\r\n";
    client.send(`${head} http://${site.at}/\xe6\xb5\x8b?q=\xe9 HTTP/1.1\r\n${fields}${body === "" ? "\r\n" : body}`);
    await client.hear(/hello$/);
    const [heard = ""] = site.heard;
    assert.ok(heard.startsWith(`${head} /\xe6\xb5\x8b?q=\xe9 HTTP/1.1\r\n`), heard);
    assert.match(heard, /\r\nX: caf\xe9\r\nY: caf\xc3\xa9\r\n/);
  }
});

test("a host of other letters is looked up by its ASCII form", { timeout: 20_000 }, async () => {
  await using site = await bench();
  site.fixture.opener.before = async () => {
    throw new Error("no more is asked");
  };
  for (const line of ["GET http://m\xc3\xbcller.example/", "CONNECT m\xc3\xbcller.example:80"]) {
    const client = await site.connect();
    await client.send(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`).hear(/\}\n$/);
    assert.equal(site.fixture.opener.requests.at(-1)?.target.host, "xn--mller-kva.example");
  }
  const client = await site.connect();
  assert.match(await client.send("GET http://m\xfcller.example/ HTTP/1.1\r\nHost: x\r\n\r\n").hear(/\}\n$/), / 400 /);
});

test("an IPv4 address that IPv6 wraps is asked for as itself", { timeout: 20_000 }, async () => {
  await using site = await bench();
  const { port } = new URL(`http://${site.at}`);
  const client = await site.connect();
  await client.send(`GET http://[::ffff:127.0.0.1]:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`).hear(/hello$/);
  assert.match(site.heard[0] ?? "", /\r\nHost: 127\.0\.0\.1:/);
  const connected = await site.connect();
  await connected.send(`CONNECT [::ffff:7f00:1]:${port} HTTP/1.1\r\n\r\n`).hear(/ 200 /);
  assert.deepEqual(
    site.fixture.opener.requests.map(({ target }) => target.host),
    ["127.0.0.1", "127.0.0.1"],
  );
});

for (const version of ["1.0", "1.1"]) {
  for (const [what, rest] of [
    ["GET", "\r\n"],
    ["POST", "Content-Length: 4\r\n\r\nbody"],
    ["PUT", "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody"],
  ] as const) {
    test(`${what} with a half-close right behind it is answered, HTTP/${version}`, { timeout: 20_000 }, async () => {
      const arrived = Promise.withResolvers<() => void>();
      await using target = await startTcpTarget((socket) => {
        let heard = "";
        socket.on("data", (bytes) => {
          heard += bytes;
          if (heard.endsWith(rest)) arrived.resolve(() => void socket.write(OK));
          if (rest.endsWith("body") && heard.endsWith("body")) arrived.resolve(() => void socket.write(OK));
        });
      });
      await using fixture = await startProxy();
      using client = await RawClient.connect(fixture.address);
      client.send(`${what} http://${target.authority}/ HTTP/${version}\r\nHost: x\r\n${rest}`).socket.end();
      const answer = await arrived.promise;
      // Its end has been seen when the time for silence runs.
      await until(() => fixture.clock.pending > 0);
      fixture.clock.advance(FLOW_LIMITS.halfClosedIdleMs.value - 1);
      answer();
      await client.hear(/hello$/);
      assert.equal(await client.over(), "end");
    });
  }
}

test("requests that are sent ahead are answered in order, however many they are", { timeout: 20_000 }, async () => {
  await using target = await startHttpTarget((request, response) => response.end(`<${request.url}>`));
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  const paths = Array.from({ length: 3_000 }, (_, index) => `/${index}`);
  client.send(paths.map((path) => `GET http://${target.authority}${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
  const heard = await client.hear(/<\/2999>$/);
  assert.deepEqual(
    heard.match(/<\/\d+>/g),
    paths.map((path) => `<${path}>`),
  );
});

test("pipelined requests before a half-close are all answered", { timeout: 20_000 }, async () => {
  await using site = await bench();
  const client = await site.connect();
  client.send(`GET http://${site.at}/ HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(5)).socket.end();
  assert.equal(await client.over(), "end");
  assert.equal(client.heard.match(/hello/g)?.length, 5);
});

test("a request that a half-close cuts is 400, and the target sees it cut", { timeout: 20_000 }, async () => {
  const broken = Promise.withResolvers<string>();
  await using target = await startTcpTarget((socket) => {
    socket.resume().on("end", () => broken.resolve("end"));
    socket.on("error", () => broken.resolve("reset"));
  });
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  client.send(`POST http://${target.authority}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\npart`);
  await until(() => fixture.opener.streams.size === 1);
  client.socket.end();
  assert.match(await client.hear(/\}\n$/), /^HTTP\/1\.1 400 [\s\S]*ended before its body was whole/);
  assert.equal(await client.over(), "end");
  assert.equal(await broken.promise, "reset");
  using head = await RawClient.connect(fixture.address);
  head.send("GET http://a.example/ HTTP/1.1\r\nHo").socket.end();
  assert.match(await head.hear(/\}\n$/), /^HTTP\/1\.1 400 [\s\S]*in the middle of a request's head/);
});

test("a target that says nothing to a half-closed app is let go of", { timeout: 20_000 }, async () => {
  await using site = await bench(OK, /never/);
  const client = await site.connect();
  client.send(`GET http://${site.at}/ HTTP/1.1\r\nHost: x\r\n\r\n`).socket.end();
  await until(() => site.heard.length === 1 && site.fixture.clock.pending > 0);
  site.fixture.clock.advance(FLOW_LIMITS.halfClosedIdleMs.value);
  assert.equal(await client.over(), "ECONNRESET");
  await until(() => site.fixture.opener.streams.size === 0);
});

test("a half-closed app that goes is missed before it has been silent for long", { timeout: 20_000 }, async () => {
  await using site = await bench(OK, /never/);
  const client = await site.connect();
  client.send(`GET http://${site.at}/ HTTP/1.1\r\nHost: x\r\n\r\n`).socket.end();
  await until(() => site.heard.length === 1 && site.fixture.clock.pending > 0);
  site.fixture.clock.advance(INGRESS_LIMITS.halfClosedLookMs.value);
  assert.equal(client.ending, undefined);
  const closed = once(client.socket, "close");
  client.socket.resetAndDestroy();
  await closed;
  site.fixture.clock.advance(INGRESS_LIMITS.halfClosedLookMs.value);
  await until(() => site.fixture.opener.streams.size === 0 && site.fixture.proxy.connections === 0);
});

test("a stream that closes without a word before the answer is a reset by the target", {
  timeout: 20_000,
}, async () => {
  await using site = await bench(OK, /never/);
  const client = await site.connect();
  client.send(`GET http://${site.at}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  await until(() => site.heard.length === 1);
  for (const stream of site.fixture.opener.streams) stream.destroy();
  assert.match(await client.hear(/\}\n$/), /^HTTP\/1\.1 502 [\s\S]*"code":"ERR_TARGET_RESET"/);
});

test("Upgrade in HTTP/1.0 is ignored", { timeout: 20_000 }, async () => {
  await using site = await bench();
  const client = await site.connect();
  client.send(`GET http://${site.at}/ HTTP/1.0\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n`);
  await client.hear(/hello$/);
  assert.doesNotMatch(site.heard[0] ?? "", /upgrade/i);
});

test("OPTIONS and TRACE count the proxies that they pass, and go no further than they may", {
  timeout: 20_000,
}, async () => {
  await using site = await bench();
  const client = await site.connect();
  const ask = (method: string, fields: string): RawClient =>
    client.forget().send(`${method} http://${site.at}/ HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
  for (const method of ["OPTIONS", "TRACE"]) {
    for (const [count, left] of [
      ["5", "4"],
      ["1", "0"],
      ["99999999999999999999", "999999998"],
      ["soon", "soon"],
    ]) {
      await ask(method, `Max-Forwards: ${count}\r\n`).hear(/hello$/);
      assert.match(site.heard.at(-1) ?? "", new RegExp(`${method} [^]*\\r\\nMax-Forwards: ${left}\\r\\n`));
    }
  }
  await ask("GET", "Max-Forwards: 0\r\n").hear(/hello$/);
  const before = site.heard.join();
  assert.match(await ask("OPTIONS", "Max-Forwards: 0\r\n").hear(/\r\n\r\n$/), /^HTTP\/1\.1 200 OK\r\n/);
  const secret = `Max-Forwards: 0\r\nCookie: c\r\nAuthorization: a\r\nProxy-Authorization: Basic ${btoa("hops-1:")}\r\n`;
  const traced = await ask("TRACE", secret).hear(/Max-Forwards: 0\r\n\r\n$/);
  const body = `TRACE http://${site.at}/ HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n`;
  assert.match(traced, /\r\nContent-Type: message\/http\r\n/);
  assert.ok(traced.endsWith(`\r\n\r\n${body}`), traced);
  assert.equal(site.heard.join(), before);
});

test("a connection to which the target's log-in is bound carries the app's next requests, whatever else holds", {
  timeout: 20_000,
}, async () => {
  for (const [first, answer, isBound] of [
    ["", "WWW-Authenticate: NTLM", true],
    ["", "WWW-Authenticate: Basic realm=x, Negotiate", true],
    ["", 'WWW-Authenticate: Basic realm="x"\r\nWWW-Authenticate: NTLM TlRM', true],
    ["Authorization: Negotiate YII=\r\n", "X: y", true],
    ["", 'WWW-Authenticate: Basic realm="x"', false],
    ["Authorization: Basic eDp5\r\n", "WWW-Authenticate: NTLMish", false],
  ] as const) {
    await using site = await bench(`HTTP/1.1 401 Unauthorized\r\n${answer}\r\nContent-Length: 5\r\n\r\nhello`);
    site.fixture.opener.more = { isForOne: true };
    const client = await site.connect();
    const head = `http://${site.at}/ HTTP/1.1\r\nHost: x\r\n`;
    await client.send(`GET ${head}${first}\r\n`).hear(/hello$/);
    site.fixture.clock.advance(INGRESS_LIMITS.freshUpstreamMs.value);
    await client
      .forget()
      .send(`POST ${head}Authorization: NTLM x\r\nContent-Length: 0\r\n\r\n`)
      .hear(/hello$/);
    assert.equal(site.fixture.opener.requests.length, isBound ? 1 : 2, `${first}${answer}`);
    const other = await site.connect();
    const before = site.fixture.opener.requests.length;
    await other.send(`GET ${head}\r\n`).hear(/hello$/);
    assert.equal(site.fixture.opener.requests.length, before + 1, "another app's request");
  }
});

test("a log-in that an app has begun lasts as long as its connection, and one that a target only offers binds nothing", {
  timeout: 20_000,
}, async () => {
  const ntlm = "Authorization: NTLM x\r\n";
  const offer = "401 Unauthorized\r\nWWW-Authenticate: NTLM";
  for (const [what, answer, fields, opened] of [
    ["requests behind a log-in", "200 OK", [ntlm, "", "", "", ""], 1],
    ["a log-in behind requests", offer, ["", "", ntlm, "", ""], 2],
    ["no log-in", offer, ["", "", ""], 3],
    ["another log-in", offer, ["", "Authorization: Basic eDp5\r\n", ""], 3],
  ] as const) {
    await using site = await bench(`HTTP/1.1 ${answer}\r\nContent-Length: 5\r\n\r\nhello`);
    site.fixture.opener.more = { isForOne: true };
    const client = await site.connect();
    for (const field of fields) {
      site.fixture.clock.advance(INGRESS_LIMITS.freshUpstreamMs.value);
      const post = `POST http://${site.at}/ HTTP/1.1\r\nHost: x\r\n${field}Content-Length: 0\r\n\r\n`;
      await client
        .forget()
        .send(post)
        .hear(/hello$/);
    }
    assert.equal(site.fixture.opener.requests.length, opened, what);
  }
});

test("a target's own time for a kept connection is heeded", { timeout: 20_000 }, async () => {
  for (const [hint, afterMs, isKept] of [
    ["Keep-Alive: timeout=5, max=100", 3_999, true],
    ["Keep-Alive: timeout=5", 4_000, false],
    ["Keep-Alive: timeout=1", 0, false],
    ["Keep-Alive: max=3", 600, false],
    ["X: y", INGRESS_LIMITS.freshUpstreamMs.value, false],
    ["X: y", INGRESS_LIMITS.freshUpstreamMs.value - 1, true],
  ] as const) {
    await using site = await bench(`HTTP/1.1 200 OK\r\n${hint}\r\nContent-Length: 5\r\n\r\nhello`);
    const client = await site.connect();
    const post = `POST http://${site.at}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`;
    await client.send(post).hear(/hello$/);
    site.fixture.clock.advance(afterMs);
    await client
      .forget()
      .send(post)
      .hear(/hello$/);
    assert.equal(site.fixture.opener.requests.length, isKept ? 1 : 2, `${hint} after ${afterMs} ms`);
  }
});
