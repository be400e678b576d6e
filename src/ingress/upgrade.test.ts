import assert from "node:assert/strict";
import http from "node:http";
import type net from "node:net";
import { test } from "node:test";
import { listen, startProxy } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";

test("upgrades become streams of bytes, and their refusals are passed on", async () => {
  const server = http.createServer((request, response) => response.end(JSON.stringify(request.headers)));
  server.on("upgrade", (request, socket: net.Socket, head: Buffer) => {
    if (request.url === "/no") {
      socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
      return;
    }
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-A: b\r\n\r\nhello ");
    if (head.length > 0) socket.write(head);
    socket.pipe(socket);
  });
  await using target = await listen(server);
  await using fixture = await startProxy();
  const head = (path: string, protocol: string): string =>
    `GET http://${target.authority}${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
  using client = await RawClient.connect(fixture.address);
  const heard = await client.send(`${head("/", "echo")}early `).hear(/hello early $/);
  assert.match(heard, /^HTTP\/1.1 101 [\s\S]*\r\nX-A: b\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello early $/);
  client.socket.end("late");
  await client.hear(/late$/);
  assert.equal(await client.over(), "end");
  using refused = await RawClient.connect(fixture.address);
  assert.match(await refused.send(head("/no", "echo")).hear(/no$/), /^HTTP\/1.1 401 [\s\S]*\r\nConnection: close\r\n/);
  assert.equal(await refused.over(), "end");
  using cleartext = await RawClient.connect(fixture.address);
  const passed = await cleartext.send(head("/", "h2c")).hear(/\}$/);
  assert.equal(JSON.parse(passed.split("\r\n\r\n")[1] ?? "").upgrade, undefined);
  using unknown = await RawClient.connect(fixture.address);
  const authorization = `Proxy-Authorization: Basic ${btoa("contry-us:")}\r\n\r\n`;
  const why = await unknown.send(head("/", "echo").replace(/\r\n$/, authorization)).hear(/\}\n$/);
  assert.match(why, /^HTTP\/1.1 400 [\s\S]*\r\nProxy-Status: byway; error=/);
});

test("a change of protocol that nobody asked for is an error and does not hang", async () => {
  for (const answer of ["Connection: Upgrade\r\nUpgrade: echo\r\n\r\n", "\r\n"]) {
    const server = http.createServer((request) =>
      request.socket.write(`HTTP/1.1 101 Switching Protocols\r\n${answer}`),
    );
    await using target = await listen(server);
    await using fixture = await startProxy();
    using client = await RawClient.connect(fixture.address);
    const head = `GET http://${target.authority}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
    assert.match(await client.send(head).hear(/\}\n$/), /^HTTP\/1.1 502 [\s\S]*ERR_TARGET_PROTOCOL/);
  }
});
