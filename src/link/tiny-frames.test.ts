import assert from "node:assert/strict";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { serveLink } from "../../test/support/link-bench.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { meetRawHop } from "../../test/support/raw-hop.ts";
import { connectRequest, FLAG, FRAME, frame, RawHttp2, settings } from "../../test/support/raw-http2.ts";
import { systemClock } from "../core/clock.ts";
import type { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { FLOW_LIMITS } from "../flow/limits.ts";
import { LINK_LIMITS } from "./limits.ts";
import { TcpTransport } from "./tcp-transport.ts";

const options = { timeout: 30_000 };
const transport = new TcpTransport({ clock: systemClock });
const CALM = 11;
const STATUS_200 = Buffer.of(0x88);
const HEADERS = { ":method": "CONNECT", ":authority": "target.example:80" };

function tinyFrames(count: number, stream = 1): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => frame(FRAME.data, FLAG.none, stream, Buffer.of(65))));
}

function chunksOf(stream: Duplex): number {
  return (stream as unknown as { _readableState: { buffer: unknown[] } })._readableState.buffer.length;
}

test("bytes that come one a frame to a target that does not read wait in a few blocks", options, async () => {
  const far: Duplex[] = [];
  await using served = await serveLink(transport, {
    connectTarget: async (incoming) => void far.push(incoming.accept()),
  });
  const raw = await served.dial();
  const { remoteAddress: host = "", remotePort: port = 0 } = raw as { remoteAddress?: string; remotePort?: number };
  raw.destroy();
  using peer = await RawHttp2.connect({ host, port }, settings());
  peer.send(connectRequest(1, "target.example:80"));
  await until(() => far.length === 1);
  const [stream] = far as [Duplex];
  const count = LINK_LIMITS.tinyFrameBurst.value;
  for (let sent = 0; sent < count; sent += 1_024) peer.send(tinyFrames(1_024));
  await until(() => stream.readableLength === count);
  const few = FLOW_LIMITS.overheadBytes.value / FLOW_LIMITS.smallChunkBytes.value;
  assert.ok(chunksOf(stream) <= few + 2 + count / FLOW_LIMITS.blockBytes.value, `${chunksOf(stream)} chunks`);
  assert.equal(peer.over, false);
});

test("a client leaves a hop that sends byte after byte, and says why", options, async (t) => {
  const { link, hop } = await meetRawHop(t, { clock: new FakeClock() });
  const { stream, accepted } = link.open({ headers: HEADERS, toward: "target" });
  await until(() => hop.frames.some(({ type }) => type === FRAME.headers));
  hop.send(frame(FRAME.headers, FLAG.endHeaders, 1, STATUS_200));
  await accepted;
  const closed = closeOf(stream);
  hop.send(tinyFrames(LINK_LIMITS.tinyFrameBurst.value));
  await until(() => stream.readableLength === LINK_LIMITS.tinyFrameBurst.value);
  assert.ok(chunksOf(stream) < 10 && link.usable);
  hop.send(tinyFrames(10));
  await link.closed;
  await closed;
  await until(() => hop.goaway !== undefined || hop.over);
  assert.ok(hop.goaway === undefined || hop.goaway === CALM);
  assert.throws(
    () => link.open({ headers: HEADERS, toward: "target" }),
    ({ code, message }: BywayError) => code === "ERR_HOP_PROTOCOL" && message === "the hop sent too many tiny frames",
  );
});

test("tiny frames between large ones do not count, however many", options, async (t) => {
  const { link, hop } = await meetRawHop(t, { clock: new FakeClock() });
  const { stream, accepted } = link.open({ headers: HEADERS, toward: "target" });
  await until(() => hop.frames.some(({ type }) => type === FRAME.headers));
  hop.send(frame(FRAME.headers, FLAG.endHeaders, 1, STATUS_200));
  await accepted;
  let heard = 0;
  stream.on("data", (chunk: Buffer) => {
    heard += chunk.length;
  });
  const pair = Buffer.concat([
    frame(FRAME.data, FLAG.none, 1, Buffer.alloc(LINK_LIMITS.tinyFrameBytes.value)),
    tinyFrames(1),
  ]);
  const batch = Buffer.concat(Array.from({ length: 1_000 }, () => pair));
  const batches = 1 + Math.ceil(LINK_LIMITS.tinyFrameBurst.value / 1_000);
  for (let sent = 0; sent < batches; sent += 1) hop.send(batch);
  await until(() => heard === batches * 1_000 * (LINK_LIMITS.tinyFrameBytes.value + 1) || !link.usable);
  assert.ok(link.usable);
});

test(
  "an app that writes a byte at a time sends frames that the far end puts up with, and all its bytes",
  options,
  async (t) => {
    const clock = new FakeClock();
    const { link, hop } = await meetRawHop(t, { clock });
    const { stream } = link.open({ headers: HEADERS, toward: "target" });
    const bytes = 20_000;
    for (let sent = 0; sent < bytes; sent += 1) {
      stream.write("a");
      // A write of its own each: what is written in one turn goes together anyway.
      if (sent % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(hop.dataFrames <= LINK_LIMITS.tinyWriteBurst.value + 1, `${hop.dataFrames} frames`);
    while (hop.dataBytes < bytes) {
      clock.advance(LINK_LIMITS.tinyWriteWaitMs.value);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(hop.dataBytes, bytes);
  },
);

test("a keystroke goes out at once", options, async (t) => {
  const { link, hop } = await meetRawHop(t, { clock: new FakeClock() });
  const { stream } = link.open({ headers: HEADERS, toward: "target" });
  for (let count = 1; count <= 100; count += 1) {
    stream.write("k");
    await until(() => hop.dataBytes === count);
  }
});
