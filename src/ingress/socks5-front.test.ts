import assert from "node:assert/strict";
import { test } from "node:test";
import { hang } from "../../test/support/direct-opener.ts";
import { startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { encodeSocks5Credentials, encodeSocks5Greeting, encodeSocks5Request } from "../wire/socks5-client.ts";

const GRANTED = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

async function open(proxy: HostPort, target: HostPort): Promise<RawClient> {
  const client = await RawClient.connect(proxy);
  client.send(encodeSocks5Greeting([0])).send(encodeSocks5Request("connect", target));
  assert.deepEqual(await client.hearBytes(12), [5, 0, ...GRANTED]);
  return client.forget();
}

test("bytes go both ways and each way ends on its own", async () => {
  await using target = await startTcpTarget((socket) => {
    socket.write("hello ");
    let heard = "";
    socket.on("data", (chunk) => (heard += chunk));
    socket.on("end", () => socket.end(heard.toUpperCase()));
  });
  await using fixture = await startProxy();
  using client = await open(fixture.address, target.address);
  await client.hear(/^hello $/);
  client.send("over").socket.end(" and out");
  await client.hear(/OVER AND OUT$/);
  assert.equal(await client.over(), "end");
  await until(() => fixture.proxy.connections === 0 && fixture.opener.streams.size === 0);
});

test("the target may end its way first", async () => {
  let heard = "";
  await using target = await startTcpTarget((socket) => {
    socket.end("done");
    socket.on("data", (chunk) => (heard += chunk));
  });
  await using fixture = await startProxy();
  using client = await open(fixture.address, target.address);
  await client.hear(/^done$/);
  assert.equal(await client.over(), "end");
  client.send("still talking").socket.end();
  await until(() => heard === "still talking" && fixture.proxy.connections === 0);
});

test("bytes sent before the reply travel with the opening, later ones after it, none twice", async () => {
  await using target = await startTcpTarget((socket) => socket.pipe(socket));
  await using fixture = await startProxy();
  const { opener } = fixture;
  const held = Promise.withResolvers<void>();
  opener.before = () => held.promise;
  using client = await RawClient.connect(fixture.address);
  const start = Buffer.concat([encodeSocks5Greeting([0]), encodeSocks5Request("connect", target.address)]);
  client.send(Buffer.concat([start, Buffer.from("early ")]));
  await until(() => opener.requests.length === 1);
  assert.deepEqual(Buffer.from(opener.requests[0]?.early ?? []).toString(), "early ");
  client.send("and late");
  await until(() => client.socket.bytesWritten === start.length + 14);
  held.resolve();
  await client.hear(/early and late$/);
  assert.equal(client.heard.length, 12 + 14);
});

test("an app that has said all before the reply is answered", async () => {
  await using target = await startTcpTarget((socket) => socket.pipe(socket));
  await using fixture = await startProxy();
  using client = await RawClient.connect(fixture.address);
  client.send(
    Buffer.concat([encodeSocks5Greeting([0]), encodeSocks5Request("connect", target.address), Buffer.from("all")]),
  );
  client.socket.end();
  await client.hear(/all$/);
  assert.equal(await client.over(), "end");
});

test("an app that hangs up takes the opening back", async () => {
  await using fixture = await startProxy();
  const { opener, proxy } = fixture;
  opener.before = hang;
  for (const hangUp of ["end", "resetAndDestroy"] as const) {
    using client = await RawClient.connect(fixture.address);
    client.send(encodeSocks5Greeting([0])).send(encodeSocks5Request("connect", { host: "example.com", port: 80 }));
    const { length } = opener.requests;
    await until(() => opener.requests.length === length + 1);
    client.socket[hangUp]();
    await until(() => opener.aborted === length + 1 && proxy.connections === 0);
  }
});

test("a stream that breaks resets the app's connection", async () => {
  await using target = await startTcpTarget((socket) => socket.once("data", () => abortStream(socket)));
  await using fixture = await startProxy();
  using client = await open(fixture.address, target.address);
  client.send("go");
  assert.equal(await client.over(), "ECONNRESET");
});

test("the user name says what the stream has to be like; the target's name is not resolved", async () => {
  await using fixture = await startProxy();
  const { opener } = fixture;
  opener.before = hang;
  using client = await RawClient.connect(fixture.address);
  client.send(encodeSocks5Greeting([0, 1, 2]));
  assert.deepEqual(await client.hearBytes(2), [5, 2]);
  client.forget().send(encodeSocks5Credentials({ user: "user-alice-country-de+us-session-S1", password: "x" }));
  assert.deepEqual(await client.hearBytes(2), [1, 0]);
  client.send(encodeSocks5Request("connect", { host: "Example.COM", port: 443 }));
  await until(() => opener.requests.length === 1);
  assert.deepEqual(opener.requests[0], {
    target: { host: "example.com", port: 443 },
    user: "alice",
    constraints: { countries: ["de", "us"], session: "S1" },
    early: undefined,
  });
});

test("bad parameters and bad credentials fail the authentication", async () => {
  await using anybody = await startProxy();
  await using users = await startProxy({
    users: [
      { name: "alice", password: "pw" },
      { name: "bob", password: "pw" },
    ],
  });
  const table = [
    [anybody, "contry-us", ""],
    [anybody, "country-usa", ""],
    [users, "alice", "wrong"],
    // A name without an id stands for the only user, by the password alone.
    [users, "country-us", "wrong"],
    [users, "alice-hosp-3", "pw"],
  ] as const;
  for (const [fixture, user, password] of table) {
    using client = await RawClient.connect(fixture.address);
    client.send(encodeSocks5Greeting([0, 2])).send(encodeSocks5Credentials({ user, password }));
    assert.deepEqual(await client.hearBytes(4), [5, 2, 1, 1], user);
    assert.equal(await client.over(), "end");
  }
  using client = await RawClient.connect(users.address);
  client.send(encodeSocks5Greeting([0]));
  assert.deepEqual(await client.hearBytes(2), [5, 0xff]);
  assert.equal(await client.over(), "end");
});

test("an error becomes the reply of its row", async () => {
  await using fixture = await startProxy();
  const table: readonly (readonly [ErrorCode, number])[] = [
    ["ERR_NO_NODE", 1],
    ["ERR_POLICY_PORT", 2],
    ["ERR_TARGET_NETWORK", 3],
    ["ERR_TARGET_NAME", 4],
    ["ERR_TARGET_REFUSED", 5],
    ["ERR_TARGET_TIMEOUT", 6],
  ];
  for (const [code, reply] of table) {
    fixture.opener.before = async () => {
      throw new BywayError(code, "it failed");
    };
    using client = await RawClient.connect(fixture.address);
    client.send(encodeSocks5Greeting([0])).send(encodeSocks5Request("connect", { host: "example.com", port: 1 }));
    assert.deepEqual((await client.hearBytes(12)).slice(2, 4), [5, reply], code);
    assert.equal(await client.over(), "end");
  }
  const requests = [
    ["\x05\x02\x00\x01\x01\x02\x03\x04\x00\x50", 7],
    ["\x05\x09\x00\x01\x01\x02\x03\x04\x00\x50", 7],
    ["\x05\x01\x00\x09\x01\x02\x03\x04\x00\x50", 8],
    ["\x05\x01\x00\x01\x01\x02\x03\x04\x00\x00", 8],
    ["\x04\x01\x00\x01\x01\x02\x03\x04\x00\x50", 1],
  ] as const;
  for (const [request, reply] of requests) {
    using client = await RawClient.connect(fixture.address);
    client.send(encodeSocks5Greeting([0])).send(request);
    assert.deepEqual((await client.hearBytes(12)).slice(2, 4), [5, reply], JSON.stringify(request));
  }
});
