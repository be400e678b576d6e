import assert from "node:assert/strict";
import { test } from "node:test";
import { hang } from "../../test/support/direct-opener.ts";
import { startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";

test("SOCKS4 and SOCKS4a open streams, with early bytes", async () => {
  await using target = await startTcpTarget((socket) => socket.pipe(socket));
  await using fixture = await startProxy();
  const { port } = target.address;
  const portBytes = String.fromCharCode(port >> 8, port & 0xff);
  for (const where of [`\x7f\0\0\x01country-us\0`, `\0\0\0\x07country-us\x00127.0.0.1\0`]) {
    using client = await RawClient.connect(fixture.address);
    client.send(`\x04\x01${portBytes}${where}ping`);
    assert.deepEqual((await client.hearBytes(12)).slice(0, 8), [0, 0x5a, 0, 0, 0, 0, 0, 0]);
    assert.ok(client.heard.endsWith("ping"));
  }
  for (const request of fixture.opener.requests) assert.deepEqual(request.constraints, { countries: ["us"] });
});

test("refusals say whether the user id is at fault", async () => {
  await using anybody = await startProxy();
  await using users = await startProxy({ users: [{ name: "alice", password: "pw" }] });
  const table = [
    [anybody, "\x04\x01\x00\x50\x7f\0\0\x01contry-us\0", 0x5d],
    [anybody, "\x04\x02\x00\x50\x7f\0\0\x01\0", 0x5b],
    [anybody, "\x04\x09\x00\x50\x7f\0\0\x01\0", 0x5b],
    [users, "\x04\x01\x00\x50\x7f\0\0\x01alice\0", 0x5d],
    [users, "\x04\x01\x00\x50\x7f\0\0\x01\0", 0x5d],
  ] as const;
  for (const [fixture, request, reply] of table) {
    using client = await RawClient.connect(fixture.address);
    assert.equal((await client.send(request).hearBytes(8))[1], reply, JSON.stringify(request));
    assert.equal(await client.over(), "end");
  }
});

test("the name is resolved at the exit and an app that hangs up takes the opening back", async () => {
  await using fixture = await startProxy();
  fixture.opener.before = hang;
  using client = await RawClient.connect(fixture.address);
  client.send("\x04\x01\x00\x50\0\0\0\x01\0Example.com\0");
  await until(() => fixture.opener.requests.length === 1);
  assert.deepEqual(fixture.opener.requests[0]?.target, { host: "example.com", port: 80 });
  client.socket.destroy();
  await until(() => fixture.opener.aborted === 1 && fixture.proxy.connections === 0);
});
