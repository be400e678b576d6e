import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, Socket, type TcpNetConnectOpts } from "node:net";
import { type TestContext, test } from "node:test";
import { systemClock } from "../core/clock.ts";
import { EphemeralPortRange } from "./ephemeral-ports.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { type Pair, SourcePorts } from "./source-ports.ts";
import { TcpDialler } from "./tcp-dialler.ts";

// Ports outside of the usual range: no system hands them out by itself.
const [PORT, OTHER] = [27_411, 27_413];
const LOCAL = "127.10.0.8";
const never = new AbortController().signal;
const isLinux = process.platform === "linux";
const needsLinux = isLinux ? {} : { skip: "one port for many targets is known to work on Linux alone" };

async function listen(t: TestContext, host: string, port = 0): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  server.listen(port, host);
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A dialler from `local` whose ports come from `draw`, and what it opened. */
function from(t: TestContext, local: string, draw: SourcePorts["draw"]) {
  const opened: TcpNetConnectOpts[] = [];
  const open = (options: TcpNetConnectOpts): Socket => {
    opened.push(options);
    return connect(options);
  };
  const dialler = new TcpDialler({ clock: systemClock, open, ports: { draw } }, { bindEgress: [local] });
  const dial = async (host: string, port: number): Promise<Socket> => {
    const socket = await dialler.dial([host], port, "target", never);
    t.after(() => socket.resetAndDestroy());
    return socket;
  };
  return { opened, dial };
}

for (const [family, local, host] of [
  ["IPv4", LOCAL, "127.0.0.1"],
  ["IPv6", "::1", "::1"],
] as const) {
  test(`one port serves two targets, and another is tried when a pair is taken: ${family}`, needsLinux, async (t) => {
    const [one, two] = [await listen(t, host), await listen(t, host)];
    const asked: [Pair, number][] = [];
    const { dial } = from(t, local, (pair, tries) => {
      asked.push([pair, tries]);
      return [PORT, OTHER][tries];
    });
    assert.equal((await dial(host, one)).localPort, PORT);
    assert.equal((await dial(host, two)).localPort, PORT);
    assert.equal((await dial(host, one)).localPort, OTHER);
    const chosen = await dial(host, one);
    assert.ok(![PORT, OTHER, undefined].includes(chosen.localPort));
    assert.equal(chosen.localAddress, local);
    const pair = { localAddress: local, address: host };
    assert.deepEqual(asked, [
      [{ ...pair, port: one }, 0],
      [{ ...pair, port: two }, 0],
      ...[0, 1].map((tries) => [{ ...pair, port: one }, tries]),
      ...[0, 1, 2].map((tries) => [{ ...pair, port: one }, tries]),
    ]);
  });
}

for (const [what, host] of [
  ["at the address", LOCAL],
  ["at every address", "0.0.0.0"],
] as const) {
  test(`a port on which this machine listens ${what} is left out`, needsLinux, async (t) => {
    const target = await listen(t, "127.0.0.1");
    await listen(t, host, PORT);
    const { dial, opened } = from(t, LOCAL, (_pair, tries) => [PORT, OTHER][tries]);
    assert.equal((await dial("127.0.0.1", target)).localPort, OTHER);
    assert.deepEqual(
      opened.map(({ localPort }) => localPort),
      [PORT, OTHER],
    );
  });
}

test("so many ports are tried, and no more, before the system chooses", needsLinux, async (t) => {
  const target = await listen(t, "127.0.0.1");
  const range = { current: () => ({ first: Uint16Array.of(PORT), rest: new Uint16Array() }) };
  const ports = new SourcePorts({ clock: systemClock, range });
  const { dial, opened } = from(t, LOCAL, (pair, tries) => ports.draw(pair, tries));
  await dial("127.0.0.1", target);
  assert.notEqual((await dial("127.0.0.1", target)).localPort, PORT);
  const tried = opened.map(({ localPort }) => localPort);
  assert.deepEqual(tried, [...Array(1 + EGRESS_LIMITS.portTries.value).fill(PORT), undefined]);
});

test("where nobody may name a port, the system chooses at once", async (t) => {
  const target = await listen(t, "127.0.0.1");
  const named: (number | undefined)[] = [];
  const open = (options: TcpNetConnectOpts): Socket => {
    named.push(options.localPort);
    if (options.localPort === undefined) return connect(options);
    return new Socket().destroy(Object.assign(new Error("forbidden"), { code: "EACCES", syscall: "bind" }));
  };
  const range = { current: () => ({ first: Uint16Array.of(PORT), rest: new Uint16Array() }) };
  const ports = new SourcePorts({ clock: systemClock, range });
  const dialler = new TcpDialler({ clock: systemClock, open, ports }, { bindEgress: ["127.0.0.1"] });
  const socket = await dialler.dial(["127.0.0.1"], target, "target", never);
  socket.resetAndDestroy();
  assert.deepEqual(named, [PORT, undefined]);
});

test("a failure that is not the port's is not tried again", async (t) => {
  const target = await listen(t, "127.0.0.1");
  const refused = from(t, "127.0.0.1", () => OTHER);
  await assert.rejects(refused.dial("127.0.0.2", target), { code: "ERR_TARGET_REFUSED" });
  assert.equal(refused.opened.length, 1);
  const elsewhere = from(t, "203.0.113.77", () => OTHER);
  await assert.rejects(elsewhere.dial("127.0.0.1", target), { code: "ERR_TARGET_NETWORK" });
  assert.equal(elsewhere.opened.length, 1);
});

test("an abort between two tries starts no other", needsLinux, async (t) => {
  const target = await listen(t, "127.0.0.1");
  await from(t, LOCAL, () => PORT).dial("127.0.0.1", target);
  const controller = new AbortController();
  let draws = 0;
  const draw = (): number => {
    draws += 1;
    return PORT;
  };
  const dialler = new TcpDialler({ clock: systemClock, ports: { draw } }, { bindEgress: [LOCAL] });
  const dialling = dialler.dial(["127.0.0.1"], target, "target", controller.signal);
  controller.abort();
  await assert.rejects(dialling, { code: "ERR_ABORTED" });
  assert.equal(draws, 1);
});

test("a bound dialler names ports of the machine's range, and one that is not bound none", async (t) => {
  const target = await listen(t, "127.0.0.1");
  const known = new EphemeralPortRange({ clock: systemClock }).current();
  assert.equal(known !== undefined, isLinux);
  const named: (number | undefined)[] = [];
  const open = (options: TcpNetConnectOpts): Socket => {
    named.push(options.localPort);
    return connect(options);
  };
  for (const bindEgress of [[LOCAL], []]) {
    const dialler = new TcpDialler({ clock: systemClock, open }, { bindEgress });
    (await dialler.dial(["127.0.0.1"], target, "target", never)).resetAndDestroy();
  }
  assert.equal(named[0] !== undefined && known?.first.includes(named[0]), isLinux);
  assert.equal(named.at(-1), undefined);
});
