import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { serveTcp } from "../../test/support/tcp-server.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { LINK_LIMITS } from "./limits.ts";
import { PublicPort, plainAddress } from "./public-port.ts";

const HELLO = "\x16\x03\x01\x00\x03abc";

interface Taken {
  readonly as: string;
  readonly stream: Duplex;
}

async function setUp(t: TestContext, options: { readonly overlay?: boolean; readonly mostPerCrowd?: number } = {}) {
  const clock = new FakeClock();
  const taken: Taken[] = [];
  const accepted: Socket[] = [];
  const take = (as: string) => (stream: Duplex) => void taken.push({ as, stream });
  const port = new PublicPort(
    { clock },
    {
      link: take("link"),
      notice: take("notice"),
      ...(options.overlay === false
        ? {}
        : { overlay: (socket, { host, port: remotePort }) => take(`overlay ${host}:${remotePort}`)(socket) }),
    },
    { most: 4, mostPerCrowd: options.mostPerCrowd ?? 4 },
  );
  const server = await serveTcp(t, (socket) => {
    accepted.push(socket);
    port.accept(socket);
  });
  t.after(() => {
    for (const socket of accepted) socket.destroy();
  });
  return { clock, taken, accepted, port, open: server.open };
}

async function bytesOf(stream: Duplex, length: number): Promise<string> {
  let text = "";
  stream.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  await until(() => text.length >= length);
  return text;
}

test("each connection goes to whom its first byte names, with nothing lost and nothing in its way", async (t) => {
  const { taken, accepted, port, clock, open } = await setUp(t);
  for (const [as, first] of [
    ["link", "\x16\x03\x01\x00\x03abc"],
    ["overlay", "\x13/multistream/1.0.0\n"],
    ["notice", "GET / HTTP/1.1\r\n"],
  ] as const) {
    const socket = open();
    socket.write(first.slice(0, 1), "latin1");
    await until(() => accepted.at(-1)?.bytesRead === 1);
    // Of a link's first record everything is awaited.
    assert.equal(taken.length, as === "link" ? 0 : 1);
    socket.write(first.slice(1), "latin1");
    await until(() => taken.length > 0);
    const { as: taker, stream } = taken.pop() ?? assert.fail();
    assert.equal(taker, as === "overlay" ? `overlay 127.0.0.1:${socket.localPort}` : as);
    socket.write("more", "latin1");
    assert.equal(await bytesOf(stream, first.length + 4), `${first}more`);
    // Its half-close and its silence are the taker's affair from now on.
    clock.advance(2 * LINK_LIMITS.handshakeMs.value);
    const ended = once(stream, "end");
    socket.end();
    await ended;
    assert.equal(stream.destroyed, false);
  }
  assert.equal(port.unspoken, 0);
  assert.equal(clock.pending, 0);
});

test("what begins otherwise is closed, and so is libp2p where nobody takes it", async (t) => {
  const { taken, open } = await setUp(t, { overlay: false });
  for (const first of ["SSH-2.0-x\r\n", "\x05\x01\x00", "\x13/multistream/1.0.0\n"]) {
    const socket = open();
    socket.write(first, "latin1");
    await closeOf(socket.resume());
  }
  assert.deepEqual(taken, []);
});

test("a connection that says nothing in time is closed, and one that ends before it said anything", async (t) => {
  const { clock, accepted, port, open } = await setUp(t);
  const silent = open();
  const ending = open();
  await until(() => accepted.length === 2);
  ending.end();
  await closeOf(ending.resume());
  assert.equal(port.unspoken, 1);
  clock.advance(LINK_LIMITS.firstBytesMs.value - 1);
  assert.equal(port.unspoken, 1);
  clock.advance(1);
  await closeOf(silent.resume());
  await until(() => port.unspoken === 0);
  assert.equal(clock.pending, 0);
});

test("no more silent connections wait than may, of one address and in all; those that speak do not count", async (t) => {
  const { taken, port, open } = await setUp(t, { mostPerCrowd: 3 });
  const silent = Array.from({ length: 5 }, open);
  const refused = await Promise.race(silent.map((socket) => closeOf(socket.resume()).then(() => socket)));
  await until(() => port.unspoken === 3);
  assert.ok(silent.includes(refused));
  const burst = Array.from({ length: 12 }, open);
  for (const socket of burst) socket.on("connect", () => socket.write(HELLO, "latin1"));
  await until(() => taken.length === burst.length);
  assert.equal(port.unspoken, 3);
  // Whoever speaks after all makes room for another.
  const speaker = silent.find((socket) => !socket.destroyed) ?? assert.fail();
  speaker.write(HELLO, "latin1");
  await until(() => port.unspoken === 2);
  open();
  await until(() => port.unspoken === 3);
  // By the time that one more is refused, the one before it has been looked at.
  await closeOf(open().resume());
  assert.equal(port.unspoken, 3);
});

test("stopping ends what waits and takes no more", async (t) => {
  const { clock, accepted, port, open } = await setUp(t);
  const waiting = open();
  await until(() => accepted.length === 1);
  const closed = closeOf(waiting.resume());
  await port.stop();
  await closed;
  await closeOf(open().resume());
  await port.stop();
  assert.equal(clock.pending, 0);
});

test("an address is told in its one spelling", () => {
  for (const [told, plain] of [
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["fe80::1%eth0", "fe80::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["192.0.2.1", "192.0.2.1"],
  ] as const) {
    assert.equal(plainAddress(told), plain);
  }
});
