import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, Socket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { openUdpFlow, type UdpFlow, type UdpFlowOptions } from "./udp-flow.ts";

const never = new AbortController().signal;

/** Sends every datagram back with the sender's address before it. */
async function echo(t: TestContext): Promise<{ readonly socket: Socket; readonly port: number }> {
  const socket = createSocket("udp4");
  socket.on("message", (message: Buffer, from: RemoteInfo) => {
    socket.send(Buffer.concat([Buffer.from(`${from.address} `), message]), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  t.after(() => socket.close());
  return { socket, port: socket.address().port };
}

function open(
  clock: FakeClock,
  port: number,
  options: UdpFlowOptions = {},
  addresses = ["127.0.0.1"],
): Promise<UdpFlow> {
  return openUdpFlow({ clock }, addresses, port, "target", options, never);
}

function next(flow: UdpFlow): Promise<string> {
  return new Promise((resolve) => {
    flow.onDatagram = (payload) => resolve(Buffer.from(payload).toString());
  });
}

test("carries datagrams either way, also empty ones, from the bound address", async (t) => {
  const { port } = await echo(t);
  const clock = new FakeClock();
  const flow = await open(clock, port, { bindEgress: ["127.10.0.9"] }, ["::1", "127.0.0.1"]);
  for (const text of ["ping", ""]) {
    const answer = next(flow);
    flow.send(Buffer.from(text));
    assert.equal(await answer, `127.10.0.9 ${text}`);
  }
  flow.close();
  flow.close();
  assert.equal(await flow.closed, undefined);
  assert.equal(clock.pending, 0);
  flow.send(Buffer.from("after the end"));
});

test("only the target's own datagrams come back", async (t) => {
  const { socket, port } = await echo(t);
  const stranger = createSocket("udp4");
  t.after(() => stranger.close());
  const flow = await open(new FakeClock(), port);
  const asked = once(socket, "message");
  flow.send(Buffer.from("where am I"));
  const from = (await asked)[1] as RemoteInfo;
  const heard: string[] = [];
  flow.onDatagram = (payload) => heard.push(Buffer.from(payload).toString());
  await new Promise((resolve) => stranger.send("spoof", from.port, "127.0.0.1", resolve));
  const answered = new Promise<void>((resolve) => {
    flow.onDatagram = (payload) => {
      heard.push(Buffer.from(payload).toString());
      if (heard.at(-1)?.endsWith("last")) resolve();
    };
  });
  flow.send(Buffer.from("last"));
  await answered;
  assert.ok(!heard.includes("spoof"));
  flow.close();
  await flow.closed;
});

test("what a stranger sent before the socket was connected does not come", async (t) => {
  const { port } = await echo(t);
  const stranger = createSocket("udp4").bind(0, "127.0.0.1");
  await once(stranger, "listening");
  t.after(() => stranger.close());
  const connect: (port: number, host: string) => void = Socket.prototype.connect;
  // Both look their address up first and then act in this order, with no read between.
  t.mock.method(Socket.prototype, "connect", function (this: Socket, toPort: number, host: string) {
    stranger.send("spoof", this.address().port, "127.0.0.1");
    return connect.call(this, toPort, host);
  });
  const flow = await open(new FakeClock(), port);
  t.after(() => flow.close());
  const heard: string[] = [];
  const answered = new Promise<void>((resolve) => {
    flow.onDatagram = (payload) => {
      heard.push(Buffer.from(payload).toString());
      if (heard.at(-1)?.endsWith("asked")) resolve();
    };
  });
  flow.send(Buffer.from("asked"));
  await answered;
  assert.deepEqual(heard, ["127.0.0.1 asked"]);
  flow.close();
  await flow.closed;
});

test("a flow that is idle for two minutes ends, and a datagram either way keeps it", async (t) => {
  const { port } = await echo(t);
  const clock = new FakeClock();
  const flow = await open(clock, port);
  clock.advance(119_999);
  const answer = next(flow);
  flow.send(Buffer.from("x"));
  await answer;
  clock.advance(119_999);
  assert.equal(clock.pending, 1);
  clock.advance(1);
  assert.equal(clock.pending, 0);
  assert.equal(await flow.closed, undefined);
});

test("a port that is closed ends its own flow and no other", async (t) => {
  const { port } = await echo(t);
  const clock = new FakeClock();
  const shut = createSocket("udp4").bind(0, "127.0.0.1");
  await once(shut, "listening");
  const shutPort = shut.address().port;
  shut.close();
  await once(shut, "close");
  const [refused, other] = [await open(clock, shutPort), await open(clock, port)];
  refused.send(Buffer.from("x"));
  assert.equal((await refused.closed)?.code, "ERR_TARGET_REFUSED");
  const answer = next(other);
  other.send(Buffer.from("y"));
  assert.equal(await answer, "127.0.0.1 y");
  other.close();
  await other.closed;
  assert.equal(clock.pending, 0);
});

test("a datagram that is too long is lost and the flow goes on", async (t) => {
  const { port } = await echo(t);
  const flow = await open(new FakeClock(), port);
  flow.send(new Uint8Array(66_000));
  const answer = next(flow);
  flow.send(Buffer.from("short"));
  assert.equal(await answer, "127.0.0.1 short");
  flow.close();
  await flow.closed;
});

test("no flow without a way to the target, nor after an abort", async () => {
  const clock = new FakeClock();
  await assert.rejects(open(clock, 53, { bindEgress: ["127.0.0.1"] }, ["2606::1"]), { code: "ERR_TARGET_NETWORK" });
  await assert.rejects(open(clock, 53, { bindEgress: ["203.0.113.77"] }), { code: "ERR_TARGET_NETWORK" });
  await assert.rejects(openUdpFlow({ clock }, ["127.0.0.1"], 53, "target", {}, AbortSignal.abort()), {
    code: "ERR_ABORTED",
  });
  const controller = new AbortController();
  const opening = openUdpFlow({ clock }, ["127.0.0.1"], 53, "target", {}, controller.signal);
  controller.abort();
  await assert.rejects(opening, { code: "ERR_ABORTED" });
  assert.equal(clock.pending, 0);
});

for (const [what, method, limit] of [
  ["bytes", "getSendQueueSize", EGRESS_LIMITS.maxUdpQueueBytes.value + 1],
  ["datagrams, which may be empty", "getSendQueueCount", EGRESS_LIMITS.maxUdpQueued.value],
] as const) {
  test(`what the kernel does not take is lost beyond so many ${what}`, async (t) => {
    const { port } = await echo(t);
    const flow = await openUdpFlow({ clock: new FakeClock() }, ["127.0.0.1"], port, "target", {}, never);
    t.after(() => flow.close());
    const queued = t.mock.method(Socket.prototype, method, () => limit);
    assert.equal(flow.send(Buffer.from("lost")), false);
    queued.mock.mockImplementation(() => limit - 1);
    const answer = next(flow);
    assert.equal(flow.send(Buffer.from("sent")), true);
    assert.equal(await answer, "127.0.0.1 sent");
    assert.deepEqual([flow.bytesWritten, flow.bytesRead], [4, 14]);
    flow.close();
    await flow.closed;
  });
}
