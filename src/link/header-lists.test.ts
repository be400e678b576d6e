import assert from "node:assert/strict";
import { test } from "node:test";
import { closeOf } from "../../test/support/collect.ts";
import { serveLink } from "../../test/support/link-bench.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { meetRawHop } from "../../test/support/raw-hop.ts";
import { FLAG, FRAME, type Frame, fields, frame, RawHttp2, settings } from "../../test/support/raw-http2.ts";
import { systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { IncomingStream } from "./incoming-stream.ts";
import { LINK_LIMITS } from "./limits.ts";
import { TcpTransport } from "./tcp-transport.ts";

const options = { timeout: 30_000 };
const CONNECT = [":method", "CONNECT"] as const;
const AUTHORITY = [":authority", "target.example:80"] as const;
const HEADERS = { ":method": "CONNECT", ":authority": "target.example:80" };

/** Fields of `count` times 282 bytes, as RFC 9113 §6.5.2 counts them. */
function filler(count: number): [string, string][] {
  return Array.from({ length: count }, (_, n) => [`x-${n}`.padEnd(125, "-"), "v".repeat(125)]);
}

const TOO_MANY = Math.ceil(LINK_LIMITS.headerListBytes.value / 282);

/** A node, and a peer of it that speaks frames. */
async function serveRaw(connectTarget: (incoming: IncomingStream) => Promise<void>, acknowledges: boolean) {
  const served = await serveLink(new TcpTransport({ clock: systemClock }), { connectTarget });
  const probe = (await served.dial()) as unknown as { remoteAddress: string; remotePort: number; destroy(): void };
  const to = { host: probe.remoteAddress, port: probe.remotePort };
  probe.destroy();
  return { served, peer: await RawHttp2.connect(to, settings(), acknowledges) };
}

function answerOf(peer: RawHttp2, id: number): Frame | undefined {
  return peer.frames.find(({ type, stream }) => stream === id && (type === FRAME.headers || type === FRAME.reset));
}

for (const acknowledges of [true, false]) {
  const who = acknowledges ? "a peer" : "a peer that never acknowledges the bound";
  test(`${who} has a longer header list refused, and the next request served`, options, async () => {
    const asked: number[] = [];
    const { served, peer } = await serveRaw(async (incoming) => {
      asked.push(Object.keys(incoming.headers).length);
      incoming.accept();
    }, acknowledges);
    await using _served = served;
    using _peer = peer;
    const block = fields(CONNECT, AUTHORITY, ...filler(TOO_MANY));
    const half = Math.floor(block.length / 2);
    peer.send(
      frame(FRAME.headers, FLAG.none, 1, block.subarray(0, half)),
      frame(FRAME.continuation, FLAG.endHeaders, 1, block.subarray(half)),
      frame(FRAME.headers, FLAG.endHeaders, 3, fields(CONNECT, AUTHORITY, ...filler(TOO_MANY - 2))),
    );
    await until(() => answerOf(peer, 1) !== undefined && answerOf(peer, 3) !== undefined);
    assert.deepEqual(asked, [TOO_MANY]);
    assert.equal(answerOf(peer, 1)?.type, acknowledges ? FRAME.reset : FRAME.headers);
    assert.equal(peer.over, false);
  });
}

test("header fields are gone once the service has begun", options, async () => {
  const incoming = Promise.withResolvers<IncomingStream>();
  const { served, peer } = await serveRaw(async (request) => {
    assert.equal(Object.keys(request.headers).length, 4);
    incoming.resolve(request);
  }, true);
  await using _served = served;
  using _peer = peer;
  peer.send(frame(FRAME.headers, FLAG.endHeaders, 1, fields(CONNECT, AUTHORITY, ...filler(2))));
  const request = await incoming.promise;
  await new Promise(setImmediate);
  assert.deepEqual([request.headers, request.authority], [{}, "target.example:80"]);
});

test("requests that are not answered have so much room on a link, which an answer gives back", options, async () => {
  const waiting: IncomingStream[] = [];
  const { served, peer } = await serveRaw(async (incoming) => {
    waiting.push(incoming);
    await new Promise<void>((resolve) => incoming.signal.addEventListener("abort", () => resolve()));
  }, true);
  await using _served = served;
  using _peer = peer;
  const request = (n: number): Buffer =>
    frame(FRAME.headers, FLAG.endHeaders, 2 * n + 1, fields(CONNECT, AUTHORITY, ...filler(TOO_MANY - 2)));
  const bytes = 282 * (TOO_MANY - 2) + 7 + 7 + 32 + 10 + 17 + 32;
  const fitting = Math.floor(LINK_LIMITS.waitingRequestBytesPerLink.value / bytes);
  for (let n = 0; n <= fitting; n += 1) peer.send(request(n));
  await until(() => answerOf(peer, 2 * fitting + 1) !== undefined);
  assert.equal(waiting.length, fitting);
  waiting[0]?.accept();
  peer.send(request(fitting + 1));
  await until(() => waiting.length === fitting + 1);
});

test("an answer whose head is too long is no answer", options, async (t) => {
  const { link, hop } = await meetRawHop(t, { clock: new FakeClock() });
  const { stream, accepted } = link.open({ headers: HEADERS, toward: "target" });
  await until(() => hop.frames.some(({ type }) => type === FRAME.headers));
  const closed = closeOf(stream);
  hop.send(frame(FRAME.headers, FLAG.endHeaders, 1, fields([":status", "200"], ...filler(TOO_MANY))));
  await assert.rejects(accepted, (error) => error instanceof BywayError && error.code === "ERR_HOP_PROTOCOL");
  await closed;
  assert.ok(link.usable);
});

test("a client leaves a hop that sends interim answers without end", options, async (t) => {
  const { link, hop } = await meetRawHop(t, { clock: new FakeClock() });
  const { stream, accepted } = link.open({ headers: HEADERS, toward: "target" });
  accepted.catch(() => {});
  let interims = 0;
  stream.on("headers", () => {
    interims += 1;
  });
  await until(() => hop.frames.some(({ type }) => type === FRAME.headers));
  const interim = frame(FRAME.headers, FLAG.endHeaders, 1, fields([":status", "103"], ["link", "</a>"]));
  for (let n = 0; n < LINK_LIMITS.interimBurst.value; n += 1) hop.send(interim);
  await until(() => interims === LINK_LIMITS.interimBurst.value);
  assert.ok(link.usable);
  hop.send(interim, interim);
  await link.closed;
  assert.throws(
    () => link.open({ headers: HEADERS, toward: "target" }),
    (error) => error instanceof BywayError && error.message === "the hop sent too many interim answers",
  );
});
