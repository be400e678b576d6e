import assert from "node:assert/strict";
import { createSocket, Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { type ProxyFixture, startProxy, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { encodeSocks5Credentials, encodeSocks5Greeting, encodeSocks5Request } from "../wire/socks5-client.ts";
import { decodeSocks5Datagram, encodeSocks5Datagram } from "../wire/socks5-datagram.ts";
import { INGRESS_LIMITS } from "./limits.ts";

/** A UDP socket on a free port of `host` that remembers what it hears. */
class Udp implements AsyncDisposable {
  readonly socket: Socket;
  readonly heard: Buffer[] = [];

  private constructor(host: string) {
    this.socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    this.socket.on("message", (message) => this.heard.push(message));
  }

  static async bind(host = "127.0.0.1"): Promise<Udp> {
    const udp = new Udp(host);
    udp.socket.bind(0, host);
    await once(udp.socket, "listening");
    return udp;
  }

  get address(): HostPort {
    return { host: this.socket.address().address, port: this.socket.address().port };
  }

  send(payload: Uint8Array, to: HostPort): void {
    this.socket.send(payload, to.port, to.host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await once(this.socket, "close");
  }
}

/** A target that answers each datagram with the same in upper case. */
async function startEcho(host?: string): Promise<Udp> {
  const echo = await Udp.bind(host);
  echo.socket.on("message", (message, from) =>
    echo.send(Buffer.from(message.toString().toUpperCase()), { host: from.address, port: from.port }),
  );
  return echo;
}

async function associate(proxy: ProxyFixture, announced: HostPort = { host: "0.0.0.0", port: 0 }) {
  const control = await RawClient.connect(proxy.address);
  control.send(encodeSocks5Greeting([0])).send(encodeSocks5Request("udp-associate", announced));
  const bytes = (await control.hearBytes(12)).slice(2);
  assert.deepEqual(bytes.slice(0, 4), [5, 0, 0, 1]);
  const relay = { host: bytes.slice(4, 8).join("."), port: (bytes[8] ?? 0) * 256 + (bytes[9] ?? 0) };
  return { control, relay, [Symbol.dispose]: () => control[Symbol.dispose]() };
}

function answers(app: Udp): string[] {
  return app.heard.map((message) => {
    const { address, payload, fragment } = decodeSocks5Datagram(message);
    return `${fragment} ${address.host}:${address.port} ${Buffer.from(payload)}`;
  });
}

test("datagrams go to several targets, by address and by name, and come back with where they are from", async () => {
  await using one = await startEcho();
  await using two = await startEcho("127.0.0.2");
  await using proxy = await startProxy();
  using association = await associate(proxy);
  await using app = await Udp.bind();
  const { relay } = association;
  assert.equal(relay.host, "127.0.0.1");
  const named = { host: "localhost", port: one.address.port };
  app.send(encodeSocks5Datagram(one.address, Buffer.from("a")), relay);
  app.send(encodeSocks5Datagram(two.address, Buffer.from("b")), relay);
  app.send(encodeSocks5Datagram(one.address, Buffer.from("c")), relay);
  await until(() => app.heard.length === 3);
  assert.deepEqual(answers(app).sort(), [
    `0 127.0.0.1:${one.address.port} A`,
    `0 127.0.0.1:${one.address.port} C`,
    `0 127.0.0.2:${two.address.port} B`,
  ]);
  assert.equal(proxy.opener.requests.length, 2);
  app.send(encodeSocks5Datagram(named, Buffer.from("d")), relay);
  await until(() => proxy.opener.requests.length === 3);
  assert.deepEqual(proxy.opener.requests[2], { target: named, user: "", constraints: {} });
});

test("IPv6 targets are reached", async (t) => {
  let echo: Udp;
  try {
    echo = await startEcho("::1");
  } catch {
    t.skip("this machine has no IPv6 loopback");
    return;
  }
  await using _echo = echo;
  await using proxy = await startProxy();
  using association = await associate(proxy);
  await using app = await Udp.bind();
  app.send(encodeSocks5Datagram(echo.address, Buffer.from("six")), association.relay);
  await until(() => app.heard.length === 1);
  assert.deepEqual(answers(app), [`0 ::1:${echo.address.port} SIX`]);
});

test("fragments, strangers and what is malformed are dropped", async () => {
  await using echo = await startEcho();
  await using proxy = await startProxy();
  using association = await associate(proxy);
  await using app = await Udp.bind();
  await using otherAddress = await Udp.bind("127.0.0.9");
  const { relay } = association;
  const datagram = (text: string): Uint8Array => encodeSocks5Datagram(echo.address, Buffer.from(text));
  otherAddress.send(datagram("from a stranger"), relay);
  const fragment = datagram("fragment");
  fragment[2] = 1;
  app.send(fragment, relay);
  for (const bad of ["", "\0\0", "\0\0\0\x09abc", "\0\0\0\x01\x01\x02\x03\x04\0\0x"])
    app.send(Buffer.from(bad, "latin1"), relay);
  app.send(datagram("mine"), relay);
  await until(() => app.heard.length === 1);
  app.send(datagram("last"), relay);
  await until(() => app.heard.length === 2);
  assert.deepEqual(echo.heard.map(String), ["mine", "last"]);
  assert.deepEqual(otherAddress.heard, []);
});

test("each port of the app's address hears the answers to what it asked", async () => {
  await using echo = await startEcho();
  await using proxy = await startProxy();
  using association = await associate(proxy);
  const { relay } = association;
  await using one = await Udp.bind();
  await using two = await Udp.bind();
  const datagram = (text: string): Uint8Array => encodeSocks5Datagram(echo.address, Buffer.from(text));
  one.send(datagram("one"), relay);
  two.send(datagram("two"), relay);
  await until(() => one.heard.length === 1 && two.heard.length === 1);
  one.send(datagram("again"), relay);
  await until(() => one.heard.length === 2);
  const from = `0 127.0.0.1:${echo.address.port}`;
  assert.deepEqual([answers(one), answers(two)], [[`${from} ONE`, `${from} AGAIN`], [`${from} TWO`]]);
});

test("a target that IPv6 wraps is asked for as the IPv4 address, and answers as what the app wrote", async () => {
  await using echo = await startEcho();
  await using proxy = await startProxy();
  using association = await associate(proxy);
  await using app = await Udp.bind();
  const { port } = echo.address;
  app.send(encodeSocks5Datagram({ host: "::ffff:127.0.0.1", port }, Buffer.from("x")), association.relay);
  await until(() => app.heard.length === 1);
  assert.deepEqual(answers(app), [`0 ::ffff:7f00:1:${port} X`]);
});

test("a port that the app announced is the only one", async () => {
  await using echo = await startEcho();
  await using proxy = await startProxy();
  await using app = await Udp.bind();
  await using thief = await Udp.bind();
  using association = await associate(proxy, app.address);
  thief.send(encodeSocks5Datagram(echo.address, Buffer.from("stolen")), association.relay);
  app.send(encodeSocks5Datagram(echo.address, Buffer.from("mine")), association.relay);
  await until(() => app.heard.length === 1);
  assert.deepEqual(echo.heard.map(String), ["mine"]);
});

test("the association ends with the TCP connection, and with the proxy", async () => {
  await using echo = await startEcho();
  await using proxy = await startProxy();
  await using app = await Udp.bind();
  for (const hangUp of ["end", "resetAndDestroy"] as const) {
    using association = await associate(proxy);
    app.send(encodeSocks5Datagram(echo.address, Buffer.from("x")), association.relay);
    await until(() => proxy.opener.flows.size === 1);
    association.control.socket[hangUp]();
    await until(() => proxy.opener.flows.size === 0 && proxy.proxy.connections === 0);
    assert.equal(proxy.clock.pending, 0);
  }
  using association = await associate(proxy);
  app.send(encodeSocks5Datagram(echo.address, Buffer.from("x")), association.relay);
  await until(() => proxy.opener.flows.size === 1);
  await proxy.proxy.stop();
  assert.equal(proxy.opener.flows.size, 0);
  assert.equal(proxy.clock.pending, 0);
});

test("idle flows are let go, and the least used one makes room", async () => {
  await using echo = await startEcho();
  await using proxy = await startProxy();
  using association = await associate(proxy);
  await using app = await Udp.bind();
  const most = INGRESS_LIMITS.maxFlowsPerAssociation.value;
  // Ports of one address that nobody has: opening a flow sends nothing yet.
  for (let index = 0; index < most + 3; index += 1) {
    const target = index === 0 ? echo.address : { host: "127.0.0.1", port: 1 + index };
    app.send(encodeSocks5Datagram(target, Buffer.from("x")), association.relay);
    if (index % 50 === 0 || index >= most) await until(() => proxy.opener.requests.length === index + 1);
  }
  await until(() => proxy.opener.flows.size <= most);
  app.send(encodeSocks5Datagram(echo.address, Buffer.from("again")), association.relay);
  await until(() => proxy.opener.requests.length === most + 4);
  proxy.clock.advance(INGRESS_LIMITS.flowIdleMs.value * 2);
  await until(() => proxy.opener.flows.size === 0);
});

test("a target that fails is not tried for every datagram", async () => {
  await using proxy = await startProxy();
  const { opener, clock } = proxy;
  opener.before = async () => {
    throw new BywayError("ERR_TARGET_NAME", "no such name");
  };
  using association = await associate(proxy);
  await using app = await Udp.bind();
  const target = { host: "nowhere.example", port: 53 };
  const send = (): void => app.send(encodeSocks5Datagram(target, Buffer.from("x")), association.relay);
  const timers = clock.pending;
  send();
  await until(() => opener.requests.length === 1 && clock.pending === timers + 1);
  for (let count = 0; count < 20; count += 1) send();
  app.send(encodeSocks5Datagram({ host: "other.example", port: 53 }, Buffer.from("x")), association.relay);
  await until(() => opener.requests.length === 2 && clock.pending === timers + 2);
  clock.advance(INGRESS_LIMITS.failedFlowHoldMs.value);
  await until(() => clock.pending === timers);
  send();
  await until(() => opener.requests.length === 3);
});

test("no more associations are open at a time than may be", async () => {
  await using proxy = await startProxy();
  const most = INGRESS_LIMITS.maxAssociations.value;
  using open = new DisposableStack();
  await Promise.all(Array.from({ length: most }, async () => open.use(await associate(proxy))));
  const refused = await RawClient.connect(proxy.address);
  open.use(refused);
  refused.send(encodeSocks5Greeting([0])).send(encodeSocks5Request("udp-associate", { host: "0.0.0.0", port: 0 }));
  assert.notEqual((await refused.hearBytes(4))[3], 0);
});

test("no user keeps another one from an association", { timeout: 20_000 }, async () => {
  const users = ["alice", "bob"].map((name) => ({ name, password: "x" }));
  await using proxy = await startProxy({ users });
  using open = new DisposableStack();
  const associateFor = async (user: string): Promise<RawClient> => {
    const control = open.use(await RawClient.connect(proxy.address));
    control.send(encodeSocks5Greeting([2])).send(encodeSocks5Credentials({ user: `user-${user}`, password: "x" }));
    control.send(encodeSocks5Request("udp-associate", { host: "0.0.0.0", port: 0 }));
    assert.deepEqual((await control.hearBytes(14)).slice(4, 6), [5, 0], user);
    return control;
  };
  await Promise.all(Array.from({ length: INGRESS_LIMITS.maxAssociations.value }, () => associateFor("alice")));
  const bobs = await associateFor("bob");
  const count = (): number => proxy.proxy.connections;
  await until(() => count() === INGRESS_LIMITS.maxAssociations.value);
  assert.equal(bobs.ending, undefined);
});

for (const [what, method, limit] of [
  ["bytes", "getSendQueueSize", INGRESS_LIMITS.maxSendQueueBytes.value + 1],
  ["datagrams, which may be empty", "getSendQueueCount", INGRESS_LIMITS.maxSendQueued.value],
] as const) {
  test(`what the local socket does not take is lost beyond so many ${what}`, async (t) => {
    await using echo = await startEcho();
    await using proxy = await startProxy();
    using association = await associate(proxy);
    await using app = await Udp.bind();
    const queued = t.mock.method(Socket.prototype, method, () => limit);
    app.send(encodeSocks5Datagram(echo.address, Buffer.from("lost")), association.relay);
    await until(() => queued.mock.callCount() === 1);
    queued.mock.mockImplementation(() => limit - 1);
    app.send(encodeSocks5Datagram(echo.address, Buffer.from("sent")), association.relay);
    await until(() => app.heard.length > 0);
    assert.deepEqual(answers(app), [`0 127.0.0.1:${echo.address.port} SENT`]);
  });
}
