import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { test } from "node:test";
import { fetch, ProxyAgent, WebSocket as UndiciWebSocket } from "undici";
import { WebSocketServer } from "ws";
import { curl } from "../../test/support/curl.ts";
import { hang } from "../../test/support/direct-opener.ts";
import { listen, startHttpTarget, startProxy } from "../../test/support/proxy-fixture.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const echo: http.RequestListener = (request, response) => {
  request.pipe(response.writeHead(200, { "x-method": request.method }));
};

test("curl by SOCKS4a, SOCKS5, HTTP and CONNECT gets what it sends, small and large", async () => {
  await using target = await startHttpTarget(echo);
  await using fixture = await startProxy();
  const { port } = fixture.address;
  const url = `http://localhost:${target.address.port}/`;
  const ways = [
    ["-x", `socks4://country-us@127.0.0.1:${port}`],
    ["-x", `socks4a://country-us@127.0.0.1:${port}`],
    ["-x", `socks5://country-us:x@127.0.0.1:${port}`],
    ["-x", `socks5h://country-us:x@127.0.0.1:${port}`],
    ["-x", `http://country-us:x@127.0.0.1:${port}`],
    ["-x", `http://country-us:x@127.0.0.1:${port}`, "--proxytunnel"],
    ["-x", `http://country-us:x@127.0.0.1:${port}`, "-H", "Transfer-Encoding: chunked"],
    ["-x", `http://country-us:x@127.0.0.1:${port}`, "-H", "Expect: 100-continue"],
  ];
  for (const body of ["hello", "x".repeat(100_000)]) {
    for (const way of ways)
      assert.deepEqual(await curl(...way, "-d", body, url), { exit: 0, output: body }, way.join(" "));
  }
  for (const { constraints, target: asked } of fixture.opener.requests) {
    assert.deepEqual(constraints, { countries: ["us"] });
    assert.ok(["localhost", "127.0.0.1"].includes(asked.host));
  }
});

test("curl's exit codes tell failures apart", async () => {
  await using fixture = await startProxy({ users: [{ name: "alice", password: "pw" }] });
  const { port } = fixture.address;
  const fail = (code: ErrorCode): void => {
    fixture.opener.before = async () => {
      throw new BywayError(code, "it failed");
    };
  };
  fail("ERR_TARGET_NAME");
  const good = `alice:pw@127.0.0.1:${port}`;
  const table: readonly (readonly [string, readonly string[], number])[] = [
    ["no such name by SOCKS5", ["-x", `socks5h://${good}`, "http://a.example/"], 97],
    ["no such name by CONNECT", ["-p", "-x", `http://${good}`, "http://a.example/"], 56],
    ["wrong password by SOCKS5", ["-x", `socks5h://alice:no@127.0.0.1:${port}`, "http://a.example/"], 97],
    ["no password by SOCKS5", ["-x", `socks5h://127.0.0.1:${port}`, "http://a.example/"], 97],
    ["bad parameter by SOCKS5", ["-x", `socks5h://alice-contry-us:pw@127.0.0.1:${port}`, "http://a.example/"], 97],
    ["user id by SOCKS4", ["-x", `socks4a://alice@127.0.0.1:${port}`, "http://a.example/"], 97],
    ["no password by CONNECT", ["-p", "-x", `http://127.0.0.1:${port}`, "http://a.example/"], 56],
  ];
  for (const [what, args, exit] of table) assert.equal((await curl(...args)).exit, exit, what);
  const status = await curl(
    "-x",
    `http://127.0.0.1:${port}`,
    "-o",
    "/dev/null",
    "-w",
    "%{http_code}",
    "http://a.example/",
  );
  assert.deepEqual(status, { exit: 0, output: "407" });
});

test("curl is told by a partial transfer, not by silence, when the body is cut short", async () => {
  await using target = await startHttpTarget((_request, response) => {
    response.writeHead(200, { "Content-Length": 100 });
    response.write("part", () => response.destroy());
  });
  await using fixture = await startProxy();
  const { exit } = await curl("-x", `http://127.0.0.1:${fixture.address.port}`, `http://${target.authority}/`);
  assert.ok([18, 56].includes(exit), `exit code ${exit}`);
});

test("undici's ProxyAgent forwards and tunnels", async () => {
  await using target = await startHttpTarget(echo);
  await using fixture = await startProxy();
  const { host, port } = fixture.address;
  for (const proxyTunnel of [true, false]) {
    const dispatcher = new ProxyAgent({
      uri: `http://${host}:${port}`,
      token: `Basic ${btoa("country-de:")}`,
      proxyTunnel,
    });
    for (const body of ["one", "two", "x".repeat(100_000)]) {
      const response = await fetch(`http://${target.authority}/`, { dispatcher, method: "POST", body });
      assert.equal(await response.text(), body);
    }
    assert.deepEqual(fixture.opener.requests.at(-1)?.constraints, { countries: ["de"] });
    await dispatcher.close();
  }
});

test("a fetch that is taken back takes the opening back", async () => {
  await using fixture = await startProxy();
  fixture.opener.before = hang;
  const dispatcher = new ProxyAgent({ uri: `http://127.0.0.1:${fixture.address.port}`, proxyTunnel: false });
  const controller = new AbortController();
  const response = fetch("http://a.example/", { dispatcher, signal: controller.signal });
  while (fixture.opener.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  // Sooner, its FIN would say that it has said all and waits for the answer.
  fixture.clock.advance(INGRESS_LIMITS.halfCloseMs.value + 1);
  controller.abort();
  await assert.rejects(response);
  while (fixture.opener.aborted === 0) await new Promise((resolve) => setImmediate(resolve));
  await dispatcher.close();
});

test("WebSockets pass by upgrade and by CONNECT", async () => {
  const server = http.createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) =>
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary })),
  );
  await using target = await listen(server);
  await using fixture = await startProxy();
  for (const proxyTunnel of [true, false]) {
    const dispatcher = new ProxyAgent({ uri: `http://127.0.0.1:${fixture.address.port}`, proxyTunnel });
    const client = new UndiciWebSocket(`ws://${target.authority}/`, { dispatcher });
    await once(client, "open");
    for (const text of ["hello", "x".repeat(200_000)]) {
      client.send(text);
      const [message] = await once(client, "message");
      assert.equal(message.data, text);
    }
    client.close();
    await once(client, "close");
    await dispatcher.close();
  }
});
