import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, Socket, type TcpNetConnectOpts } from "node:net";
import { type TestContext, test } from "node:test";
import { systemClock } from "../core/clock.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { attemptOrder, egressBinding } from "./address-order.ts";
import { socketError } from "./socket-error.ts";
import { type SocketOpener, TcpDialler, type TcpDiallerOptions } from "./tcp-dialler.ts";

const never = new AbortController().signal;

interface Listening {
  readonly port: number;
  readonly sources: (string | undefined)[];
}

async function listen(t: TestContext, host: string): Promise<Listening> {
  const sources: (string | undefined)[] = [];
  const server = createServer((socket) => {
    sources.push(socket.remoteAddress);
    socket.on("error", () => {}).end("hello");
    socket.resume();
  });
  server.listen(0, host);
  await once(server, "listening");
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, sources };
}

/** Opens real sockets, except that addresses of 192.0.2.0/24 never answer and those in `failing` fail as told. */
class Network {
  readonly opened: TcpNetConnectOpts[] = [];
  readonly sockets: Socket[] = [];
  readonly failing = new Map<string, string>();

  readonly open: SocketOpener = (options) => {
    this.opened.push(options);
    const socket = this.#socket(options);
    this.sockets.push(socket);
    return socket;
  };

  get tried(): readonly (string | undefined)[] {
    return this.opened.map((options) => options.host);
  }

  #socket(options: TcpNetConnectOpts): Socket {
    const host = options.host ?? "";
    const code = this.failing.get(host);
    if (code !== undefined) return new Socket().destroy(Object.assign(new Error(code), { code }));
    return host.startsWith("192.0.2.") ? new Socket() : connect(options);
  }
}

function dialler(clock: FakeClock, network: Network, options: TcpDiallerOptions = {}): TcpDialler {
  return new TcpDialler({ clock, open: network.open }, options);
}

test("families take turns, IPv6 first, and a family that is not bound is left out", () => {
  const addresses = ["1.1.1.1", "1.1.1.2", "2606::1", "1.1.1.3", "2606::2"];
  const order = (bind: readonly string[]): string[] =>
    attemptOrder(addresses, egressBinding(bind), 8).map(
      ({ address, localAddress }) => `${address} from ${localAddress ?? "any"}`,
    );
  assert.deepEqual(order([]), [
    "2606::1 from any",
    "1.1.1.1 from any",
    "2606::2 from any",
    "1.1.1.2 from any",
    "1.1.1.3 from any",
  ]);
  assert.deepEqual(order(["127.10.0.1"]), [
    "1.1.1.1 from 127.10.0.1",
    "1.1.1.2 from 127.10.0.1",
    "1.1.1.3 from 127.10.0.1",
  ]);
  assert.equal(attemptOrder(addresses, egressBinding(["::1", "127.0.0.1"]), 3).length, 3);
  assert.throws(() => egressBinding(["eth0"]), { code: "ERR_CONFIG_VALUE" });
});

test("IPv6 that stands for IPv4 takes its turn after IPv4: it may lead nowhere", () => {
  const addresses = ["64:ff9b::101:101", "64:ff9b::101:102", "1.1.1.1", "1.1.1.2", "2606::1"];
  const order = (most: number): string[] =>
    attemptOrder(addresses, egressBinding([]), most).map(({ address }) => address);
  assert.deepEqual(order(8), ["2606::1", "1.1.1.1", "64:ff9b::101:101", "1.1.1.2", "64:ff9b::101:102"]);
  assert.deepEqual(order(3), ["2606::1", "1.1.1.1", "64:ff9b::101:101"]);
});

test("connects, with half-open allowed, from the bound address", async (t) => {
  const server = await listen(t, "127.0.0.1");
  const dial = new TcpDialler({ clock: systemClock }, { bindEgress: ["127.10.0.7"] });
  const socket = await dial.dial(["::1", "127.0.0.1"], server.port, "target", never);
  socket.resume();
  await once(socket, "end");
  assert.equal(socket.writable, true);
  assert.equal(socket.allowHalfOpen, true);
  assert.deepEqual(server.sources, ["127.10.0.7"]);
  socket.end();
  await once(socket, "close");
});

test("the next attempt begins 250 ms after one that does not answer, and the loser is destroyed", async (t) => {
  const server = await listen(t, "127.0.0.1");
  const clock = new FakeClock();
  const network = new Network();
  const dialling = dialler(clock, network).dial(["192.0.2.1", "127.0.0.1"], server.port, "target", never);
  clock.advance(249);
  assert.deepEqual(network.tried, ["192.0.2.1"]);
  clock.advance(1);
  assert.deepEqual(network.tried, ["192.0.2.1", "127.0.0.1"]);
  const socket = await dialling;
  assert.equal(socket.remoteAddress, "127.0.0.1");
  assert.equal(network.sockets[0]?.destroyed, true);
  assert.equal(clock.pending, 0);
  socket.destroy();
});

test("a slow attempt that answers first after all wins over a later one", async (t) => {
  const server = await listen(t, "127.0.0.1");
  const clock = new FakeClock();
  const network = new Network();
  const dialling = dialler(clock, network).dial(["127.0.0.1", "192.0.2.1"], server.port, "target", never);
  clock.advance(250);
  const socket = await dialling;
  assert.deepEqual(network.tried, ["127.0.0.1", "192.0.2.1"]);
  assert.equal(network.sockets[1]?.destroyed, true);
  socket.destroy();
});

test("the next attempt begins at once when one fails", async (t) => {
  const server = await listen(t, "127.0.0.1");
  const clock = new FakeClock();
  const network = new Network();
  network.failing.set("2606::1", "ENETUNREACH");
  const socket = await dialler(clock, network).dial(["127.0.0.1", "2606::1"], server.port, "target", never);
  assert.deepEqual(network.tried, ["2606::1", "127.0.0.1"]);
  assert.equal(clock.pending, 0);
  socket.destroy();
});

test("when all fail, what the target said is told before what the network said", async () => {
  const clock = new FakeClock();
  const network = new Network();
  network.failing.set("2606::1", "ENETUNREACH").set("1.1.1.1", "ECONNREFUSED").set("1.1.1.2", "EHOSTUNREACH");
  const dial = dialler(clock, network).dial(["1.1.1.1", "1.1.1.2", "2606::1"], 80, "a.example:80", never);
  await assert.rejects(dial, { code: "ERR_TARGET_REFUSED", message: "a.example:80 refused the connection" });
  assert.equal(clock.pending, 0);
});

test("all attempts together have one time-out", async () => {
  const clock = new FakeClock();
  const network = new Network();
  const dial = dialler(clock, network).dial(["192.0.2.1", "192.0.2.2"], 80, "target", never);
  clock.advance(9_999);
  assert.equal(network.sockets.length, 2);
  clock.advance(1);
  await assert.rejects(dial, { code: "ERR_TARGET_TIMEOUT" });
  assert.deepEqual(
    network.sockets.map((socket) => socket.destroyed),
    [true, true],
  );
  assert.equal(clock.pending, 0);
});

test("an abort leaves no socket and no timer, and later time starts nothing", async () => {
  const clock = new FakeClock();
  const network = new Network();
  const controller = new AbortController();
  const dial = dialler(clock, network).dial(["192.0.2.1", "192.0.2.2"], 80, "target", controller.signal);
  controller.abort();
  await assert.rejects(dial, { code: "ERR_ABORTED" });
  clock.advance(60_000);
  assert.deepEqual(
    network.sockets.map((socket) => socket.destroyed),
    [true],
  );
  assert.equal(clock.pending, 0);
  await assert.rejects(dialler(clock, network).dial(["192.0.2.1"], 80, "target", AbortSignal.abort()), {
    code: "ERR_ABORTED",
  });
  assert.equal(network.sockets.length, 1);
});

test("a name with many addresses is not tried without end", async () => {
  const network = new Network();
  const addresses = Array.from({ length: 50 }, (_, i) => `9.9.9.${i}`);
  for (const address of addresses) network.failing.set(address, "ECONNREFUSED");
  const dial = dialler(new FakeClock(), network).dial(addresses, 80, "target", never);
  await assert.rejects(dial, { code: "ERR_TARGET_REFUSED" });
  assert.equal(network.tried.length, 8);
});

test("addresses of a family that cannot be bound alone are an error of the network", async () => {
  const dial = new TcpDialler({ clock: new FakeClock() }, { bindEgress: ["127.0.0.1"] });
  await assert.rejects(dial.dial(["2606::1"], 80, "target", never), { code: "ERR_TARGET_NETWORK" });
});

test("real failures: refused, and a source address that this machine has not", async (t) => {
  const server = await listen(t, "127.0.0.1");
  const plain = new TcpDialler({ clock: systemClock });
  await assert.rejects(plain.dial(["127.0.0.2"], server.port, "target", never), { code: "ERR_TARGET_REFUSED" });
  const elsewhere = new TcpDialler({ clock: systemClock }, { bindEgress: ["203.0.113.77"] });
  await assert.rejects(elsewhere.dial(["127.0.0.1"], server.port, "target", never), { code: "ERR_TARGET_NETWORK" });
});

test("system errors have their meaning for a client", () => {
  const table = {
    ECONNREFUSED: "ERR_TARGET_REFUSED",
    ETIMEDOUT: "ERR_TARGET_TIMEOUT",
    EHOSTUNREACH: "ERR_TARGET_UNREACHABLE",
    ENETUNREACH: "ERR_TARGET_NETWORK",
    EADDRNOTAVAIL: "ERR_TARGET_NETWORK",
    ECONNRESET: "ERR_TARGET_RESET",
    EMFILE: "ERR_STREAM_LIMIT",
    EWHATEVER: "ERR_TARGET_UNREACHABLE",
  };
  for (const [code, expected] of Object.entries(table)) {
    assert.equal(socketError(Object.assign(new Error(code), { code }), "target").code, expected);
  }
});

test("no port to leave from is a limit of the exit, and no address to leave from a fault of its network", () => {
  const code = "EADDRNOTAVAIL";
  const meaning = (syscall: string, address: string): string =>
    socketError(Object.assign(new Error(code), { code, syscall, address }), "target").code;
  assert.equal(meaning("connect", "192.0.2.1"), "ERR_STREAM_LIMIT");
  assert.equal(meaning("connect", "2001:db8::1"), "ERR_TARGET_NETWORK");
  assert.equal(meaning("bind", "192.0.2.1"), "ERR_TARGET_NETWORK");
});
