import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { type DnsRecord, type DnsServer, startDnsServer } from "../../test/support/dns-server.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { silentLogger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import { AddressGuard } from "./address-guard.ts";
import { Egress, type EgressOptions } from "./egress.ts";
import { ExitPolicy } from "./policy/exit-policy.ts";
import { parsePolicy } from "./policy/parse-policy.ts";
import { DnsResolver, type Resolver } from "./resolver.ts";

const never = new AbortController().signal;
const LOCAL = { addresses: ["127.0.0.1", "8.8.4.4"], gateways: [], prefixes: [] };

const mustNotResolve: Resolver = {
  resolve: (name) => Promise.reject(new Error(`${name} was looked up`)),
};

function fixed(...addresses: string[]): Resolver & { asked: number } {
  return {
    asked: 0,
    resolve() {
      this.asked += 1;
      return Promise.resolve(addresses);
    },
  };
}

interface Setup extends EgressOptions {
  readonly resolver?: Resolver;
  readonly allowTargets?: readonly HostPort[];
  readonly localNetwork?: boolean;
  readonly guard?: AddressGuard;
  /** Rules; without any all but mail is accepted. */
  readonly policy?: readonly string[];
}

function egress(t: TestContext, setup: Setup = {}): Egress {
  const { resolver = mustNotResolve, allowTargets = [], localNetwork = false, policy, ...options } = setup;
  const guard =
    setup.guard ?? new AddressGuard({ local: () => LOCAL, listeners: () => [] }, { allowTargets, localNetwork });
  const made = new Egress(
    {
      clock: systemClock,
      logger: silentLogger,
      resolver,
      guard,
      policy: new ExitPolicy(parsePolicy(policy ?? ["reject mail", "accept *:*"])),
    },
    options,
  );
  t.after(() => made.stop());
  return made;
}

async function server(t: TestContext, host = "127.0.0.1"): Promise<{ readonly server: Server; readonly port: number }> {
  const listening = createServer({ allowHalfOpen: false }, (socket) => socket.on("error", () => {}).resume());
  listening.listen(0, host);
  await once(listening, "listening");
  t.after(() => listening.close());
  return { server: listening, port: (listening.address() as AddressInfo).port };
}

async function dns(t: TestContext, records: readonly DnsRecord[]): Promise<DnsServer & { resolver: DnsResolver }> {
  const started = await startDnsServer(records);
  t.after(() => started.stop());
  return { ...started, resolver: new DnsResolver({ clock: systemClock }, { servers: [started.address] }) };
}

const PROHIBITED_HOSTS: readonly string[] = [
  ...["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "127.0.0.1."],
  ...[
    "１２７.0.0.1",
    "127。0。0。1",
    "0",
    "10.0.0.1",
    "0xa.1",
    "169.254.169.254",
    "192.168.1.1",
    "8.8.4.4",
    "8.8.1028",
  ],
  ...["::1", "[::1]", "::", "0:0:0:0:0:ffff:7f00:1", "::ffff:127.0.0.1", "::FFFF:7F00:1", "::127.0.0.1", "fe80::1"],
  ...["64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "fec0::1", "FD00::1", "ff02::1"],
  ...["localhost", "localhost.", "LOCALHOST", "a.localhost", "printer.local", "Printer.LOCAL.", "db.internal"],
  ...["nas.home.arpa", "k51.byway.alt", "x.onion", "x.invalid", "router", "ｌｏｃａｌｈｏｓｔ"],
];

const MALFORMED_HOSTS: readonly string[] = [
  ...["fe80::1%eth0", "fe80::1%25eth0", "127.0.0.1:80", "localhost:80", "example.com:80", "user@127.0.0.1", ""],
  ...["127.0.0.1%00", "127.0.0.1\0.example.com", "127.0.0.1 ", " localhost", "[::1", "::1]", "1.2.3.4.5", "256.1.1.1"],
  ...["example.com/..", "exa\r\nmple.com", "127.0.0.1#.example.com", "127.0.0.1?x", "%6cocalhost"],
];

test("no spelling of a prohibited host gets out, and none is looked up", async (t) => {
  const out = egress(t);
  for (const host of PROHIBITED_HOSTS) {
    await assert.rejects(out.connect({ host, port: 80 }, never), { code: "ERR_TARGET_PROHIBITED" }, host);
    await assert.rejects(out.openUdp({ host, port: 53 }, never), { code: "ERR_TARGET_PROHIBITED" }, host);
    await assert.rejects(out.dialHop({ host, port: 443 }, never), { code: "ERR_TARGET_PROHIBITED" }, host);
  }
  for (const host of MALFORMED_HOSTS) {
    await assert.rejects(out.connect({ host, port: 80 }, never), { code: "ERR_REQUEST_TARGET" }, host);
    await assert.rejects(out.openUdp({ host, port: 53 }, never), { code: "ERR_REQUEST_TARGET" }, host);
    await assert.rejects(out.dialHop({ host, port: 443 }, never), { code: "ERR_REQUEST_TARGET" }, host);
  }
  assert.deepEqual(out.open, { targets: 0, hops: 0, udpFlows: 0 });
});

test("ports that are none, and ports that are closed, are refused before any look-up", async (t) => {
  const out = egress(t);
  for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
    await assert.rejects(out.connect({ host: "example.com", port }, never), { code: "ERR_REQUEST_TARGET" });
  }
  for (const port of [25, 465, 587, 2525]) {
    await assert.rejects(out.connect({ host: "example.com", port }, never), { code: "ERR_POLICY_PORT" });
    await assert.rejects(out.openUdp({ host: "1.1.1.1", port }, never), { code: "ERR_POLICY_PORT" });
    await assert.rejects(out.dialHop({ host: "1.1.1.1", port }, never), { code: "ERR_POLICY_PORT" });
  }
});

test("the policy is asked before the look-up, and again with every address that it found, for TCP and UDP", async (t) => {
  const policy = ["reject bad.example:*", "reject 9.9.9.0/24:*", "reject udp *:443", "accept web-only"];
  const early = egress(t, { policy });
  for (const host of ["bad.example", "BAD.Example.", "a.bad.example", "b\u00adad.example", "ｂａｄ.example"]) {
    await assert.rejects(early.connect({ host, port: 80 }, never), { code: "ERR_POLICY_TARGET" }, host);
    await assert.rejects(early.openUdp({ host, port: 80 }, never), { code: "ERR_POLICY_TARGET" }, host);
  }
  await assert.rejects(early.openUdp({ host: "good.example", port: 443 }, never), { code: "ERR_POLICY_PORT" });
  const resolver = fixed("1.1.1.1", "9.9.9.9");
  const late = egress(t, { policy, resolver });
  const refusal = { code: "ERR_POLICY_TARGET", data: { by: "rule 2" } };
  await assert.rejects(late.connect({ host: "good.example", port: 80 }, never), refusal);
  await assert.rejects(late.openUdp({ host: "good.example", port: 80 }, never), refusal);
  await assert.rejects(late.connect({ host: "9.9.2313", port: 80 }, never), refusal);
  assert.equal(resolver.asked, 2);
  assert.deepEqual(late.open, { targets: 0, hops: 0, udpFlows: 0 });
});

test("what all sockets and flows carried is counted, while they are open and after", async (t) => {
  const { server: target, port } = await server(t);
  const here = { host: "127.0.0.1", port };
  const accepted = once(target, "connection") as Promise<[Socket]>;
  const out = egress(t, { allowTargets: [here] });
  const socket = await out.connect(here, never);
  const [far] = await accepted;
  socket.write("up");
  far.end("and down");
  const heard = once(socket, "data");
  const closed = once(socket, "close");
  assert.equal(String((await heard)[0]), "and down");
  assert.deepEqual(out.traffic, { received: 8, sent: 2 });
  socket.end();
  await closed;
  const echo = createSocket("udp4");
  t.after(() => echo.close());
  echo.on("message", (payload, from) => echo.send(payload, from.port));
  echo.bind(port, "127.0.0.1");
  await once(echo, "listening");
  const flow = await out.openUdp(here, never);
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  flow.onDatagram = resolve;
  flow.send(Buffer.from("datagram"));
  await promise;
  assert.deepEqual(out.traffic, { received: 16, sent: 10 });
  flow.close();
  await flow.closed;
  assert.deepEqual(out.traffic, { received: 16, sent: 10 });
});

const NAMES: readonly DnsRecord[] = [
  { name: "private.example", type: "A", data: "192.168.1.1" },
  { name: "private6.example", type: "AAAA", data: "fd00::1" },
  { name: "mapped.example", type: "AAAA", data: "::ffff:127.0.0.1" },
  { name: "own.example", type: "A", data: "8.8.4.4" },
  { name: "mixed.example", type: "A", data: "1.1.1.1" },
  { name: "mixed.example", type: "A", data: "127.0.0.1" },
  { name: "mixed6.example", type: "A", data: "1.1.1.1" },
  { name: "mixed6.example", type: "AAAA", data: "::1" },
  { name: "alias.example", type: "CNAME", data: "cdn.example" },
  { name: "cdn.example", type: "CNAME", data: "private.example" },
  { name: "inner.example", type: "CNAME", data: "router.lan" },
  { name: "router.lan", type: "A", data: "10.0.0.1" },
];

test("public names with private, own or mixed answers are refused for TCP and UDP", async (t) => {
  const { resolver } = await dns(t, NAMES);
  const out = egress(t, { resolver });
  const hosts = ["private", "private6", "mapped", "own", "mixed", "mixed6", "alias", "inner"];
  for (const host of hosts.map((name) => `${name}.example`)) {
    const told = { code: "ERR_TARGET_PROHIBITED", message: new RegExp(`^${host} resolves to`) };
    await assert.rejects(out.connect({ host, port: 80 }, never), told, host);
    await assert.rejects(out.openUdp({ host, port: 53 }, never), told, host);
  }
  await assert.rejects(out.connect({ host: "absent.example", port: 80 }, never), { code: "ERR_TARGET_NAME" });
});

test("a name is asked for once a connection, and the checked address is what is dialled", async (t) => {
  const first = await server(t, "127.30.0.1");
  const names = await dns(t, [{ name: "turn.example", type: "A", data: "127.30.0.1", ttl: 0 }]);
  const out = egress(t, { resolver: names.resolver, allowTargets: [{ host: "127.30.0.1", port: first.port }] });
  const checkedThenTurned: Resolver = {
    async resolve(name, signal) {
      const addresses = await names.resolver.resolve(name, signal);
      names.replace([{ name: "turn.example", type: "A", data: "127.0.0.1", ttl: 0 }]);
      return addresses;
    },
  };
  const turned = egress(t, { resolver: checkedThenTurned, allowTargets: [{ host: "127.30.0.1", port: first.port }] });
  const socket = await turned.connect({ host: "turn.example", port: first.port }, never);
  assert.equal(socket.remoteAddress, "127.30.0.1");
  assert.deepEqual([...names.queries].sort(), ["turn.example/A", "turn.example/AAAA"]);
  await assert.rejects(out.connect({ host: "turn.example", port: first.port }, never), {
    code: "ERR_TARGET_PROHIBITED",
  });
});

test("an operator's private targets are open, exactly as named", async (t) => {
  const { port } = await server(t);
  const resolver = fixed("127.0.0.1");
  const allowTargets = [
    { host: "127.0.0.1", port },
    { host: "nas.local", port },
  ];
  const out = egress(t, { resolver, allowTargets, policy: [] });
  for (const host of ["127.0.0.1", "127.1", "nas.local", "NAS.local."]) {
    const socket = await out.connect({ host, port }, never);
    assert.equal(socket.remoteAddress, "127.0.0.1");
  }
  for (const host of ["127.0.0.2", "::ffff:127.0.0.1", "other.local"]) {
    await assert.rejects(out.connect({ host, port }, never), { kind: "policy" }, host);
  }
  assert.equal(resolver.asked, 2);
});

test("sends from the bound address, TCP and UDP and hops", async (t) => {
  const { server: listening, port } = await server(t);
  const udp = createSocket("udp4").bind(0, "127.0.0.1");
  await once(udp, "listening");
  t.after(() => udp.close());
  const allowTargets = [
    { host: "127.0.0.1", port },
    { host: "127.0.0.1", port: udp.address().port },
  ];
  const out = egress(t, { allowTargets, localNetwork: true, bindEgress: ["127.20.0.3"] });
  for (const dial of ["connect", "dialHop"] as const) {
    const accepted = once(listening, "connection");
    await out[dial]({ host: "127.0.0.1", port }, never);
    assert.equal((await accepted)[0].remoteAddress, "127.20.0.3");
  }
  const heard = once(udp, "message");
  const flow = await out.openUdp({ host: "127.0.0.1", port: udp.address().port }, never);
  flow.send(Buffer.from("x"));
  assert.equal((await heard)[1].address, "127.20.0.3");
});

test("a hop that cannot be reached is the hop's error and not the target's", async (t) => {
  const { port } = await server(t);
  const out = egress(t, { localNetwork: true });
  await assert.rejects(out.dialHop({ host: "127.40.0.1", port }, never), {
    code: "ERR_HOP_UNREACHABLE",
    message: `the hop 127.40.0.1:${port} refused the connection`,
  });
  await assert.rejects(out.dialHop({ host: "hop.example", port }, never), { code: "ERR_TARGET_PROHIBITED" });
  assert.equal(out.open.hops, 0);
});

test("every kind of thing has its bound, and a place is free again after a close", async (t) => {
  const { port } = await server(t);
  const here = { host: "127.0.0.1", port };
  const out = egress(t, {
    allowTargets: [here],
    localNetwork: true,
    maxTargetSockets: 1,
    maxHopSockets: 1,
    maxUdpFlows: 1,
  });
  const [socket, hop, flow] = [
    await out.connect(here, never),
    await out.dialHop(here, never),
    await out.openUdp(here, never),
  ];
  await assert.rejects(out.connect(here, never), { code: "ERR_STREAM_LIMIT" });
  await assert.rejects(out.dialHop(here, never), { code: "ERR_STREAM_LIMIT" });
  await assert.rejects(out.openUdp(here, never), { code: "ERR_STREAM_LIMIT" });
  socket.destroy();
  hop.destroy();
  flow.close();
  await Promise.all([once(socket, "close"), once(hop, "close"), flow.closed]);
  assert.deepEqual(out.open, { targets: 0, hops: 0, udpFlows: 0 });
  await out.connect(here, never);
});

test("look-ups under way are bounded, and an abort frees the place", async (t) => {
  const hanging: Resolver = {
    resolve: (_name, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new BywayError("ERR_ABORTED", "gone")), { once: true });
      }),
  };
  const out = egress(t, { resolver: hanging, maxPendingLookups: 1 });
  for (let round = 0; round < 2; round++) {
    const controller = new AbortController();
    const waiting = out.connect({ host: "slow.example", port: 80 }, controller.signal);
    await assert.rejects(out.openUdp({ host: "slow.example", port: 80 }, never), { code: "ERR_STREAM_LIMIT" });
    controller.abort();
    await assert.rejects(waiting, { code: "ERR_ABORTED" });
  }
  assert.deepEqual(out.open, { targets: 0, hops: 0, udpFlows: 0 });
});

/** A guard of a node that learns that an address is its own. */
class LearningGuard extends AddressGuard {
  own: string | undefined;

  override check(...[ip, ...rest]: Parameters<AddressGuard["check"]>): void {
    if (ip === this.own) throw new BywayError("ERR_TARGET_PROHIBITED", `${ip} is an address of the node itself`);
    super.check(ip, ...rest);
  }
}

test("what stands to an address that turns out to be the node's own ends, and the rest stays", async (t) => {
  const { port } = await server(t);
  const other = await server(t, "127.9.0.1");
  const allowTargets = [
    { host: "127.0.0.1", port },
    { host: "127.9.0.1", port: other.port },
  ];
  const guard = new LearningGuard({ local: () => LOCAL, listeners: () => [] }, { allowTargets, localNetwork: true });
  const out = egress(t, { guard });
  const mine = { host: "127.0.0.1", port };
  const [socket, flow, hop] = await Promise.all([
    out.connect(mine, never),
    out.openUdp(mine, never),
    out.dialHop(mine, never),
  ]);
  const kept = await out.connect({ host: "127.9.0.1", port: other.port }, never);
  out.endProhibited();
  assert.deepEqual(out.open, { targets: 2, hops: 1, udpFlows: 1 });
  const closed = Promise.all([once(socket, "close"), flow.closed, once(hop, "close")]);
  guard.own = "127.0.0.1";
  out.endProhibited();
  await closed;
  assert.deepEqual(out.open, { targets: 1, hops: 0, udpFlows: 0 });
  assert.equal(kept.destroyed, false);
});

test("stop ends what is open and what is under way, and refuses what comes after", async (t) => {
  const { server: listening, port } = await server(t);
  const here = { host: "127.0.0.1", port };
  const hanging: Resolver = {
    resolve: (_name, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
  };
  const out = egress(t, { resolver: hanging, allowTargets: [here], localNetwork: true });
  const accepted = once(listening, "connection");
  const socket = await out.connect(here, never);
  const [far] = await accepted;
  const flow = await out.openUdp(here, never);
  const waiting = assert.rejects(out.connect({ host: "slow.example", port: 80 }, never), { code: "ERR_STOPPED" });
  // An end would make what it has got so far look whole.
  const farReset = once(far, "error");
  await Promise.all([out.stop(), out.stop(), waiting]);
  assert.equal(socket.closed, true);
  assert.equal(await flow.closed, undefined);
  assert.deepEqual(out.open, { targets: 0, hops: 0, udpFlows: 0 });
  assert.equal((await farReset)[0].code, "ECONNRESET");
  await assert.rejects(out.connect(here, never), { code: "ERR_STOPPED" });
});

test("what a log sees of a refusal holds no destination", async (t) => {
  const lines: string[] = [];
  const debug = (message: string, fields?: object): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const guard = new AddressGuard({ local: () => LOCAL, listeners: () => [] });
  const logger = { ...silentLogger, debug };
  const out = new Egress({
    clock: systemClock,
    logger,
    resolver: mustNotResolve,
    guard,
    policy: new ExitPolicy(parsePolicy(["accept *:*"])),
  });
  t.after(() => out.stop());
  await assert.rejects(out.connect({ host: "secret.local", port: 80 }, never));
  assert.equal(lines.length, 1);
  assert.ok(lines[0]?.includes("ERR_TARGET_PROHIBITED"));
  assert.ok(!lines[0]?.includes("secret"));
});
