import assert from "node:assert/strict";
import type { OutgoingHttpHeaders } from "node:http2";
import { type Duplex, PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { type LinkBench, serveLink } from "../../test/support/link-bench.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { someLink } from "../../test/support/some-link.ts";
import { systemClock } from "../core/clock.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { BANDWIDTH_PATH, BandwidthService } from "./bandwidth-service.ts";
import type { IncomingStream } from "./incoming-stream.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Link } from "./link.ts";
import { measureBandwidth, steadyMbps } from "./measure-bandwidth.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { TcpTransport } from "./tcp-transport.ts";

const { bandwidthBytes, bandwidthMs, bandwidthPeriodMs, bandwidthClientMs } = LINK_LIMITS;

async function serve(t: TestContext, service?: Pick<BandwidthService, "send" | "take">, most?: number) {
  const clock = new FakeClock();
  const bandwidth = service ?? new BandwidthService({ clock }, most);
  const served: LinkBench = await serveLink(new TcpTransport({ clock: systemClock }), { bandwidth });
  t.after(() => served[Symbol.asyncDispose]());
  const open = async (): Promise<Link> => {
    const link = await served.open();
    t.after(() => link.destroy());
    return link;
  };
  return { clock, open };
}

function ask(link: Link, method: string, path = BANDWIDTH_PATH) {
  const headers: OutgoingHttpHeaders = { ":method": method, ":path": path, ":scheme": "https", ":authority": "x" };
  return link.open({ headers, toward: "hop" });
}

test("a peer gets as many bytes as it asks for, and is told how many it sent", async (t) => {
  const { clock, open } = await serve(t);
  const link = await open();
  const down = ask(link, "GET", `${BANDWIDTH_PATH}?n=1000000`);
  down.stream.end();
  await down.accepted;
  assert.equal((await collect(down.stream)).length, 1_000_000);

  const up = ask(link, "POST");
  up.stream.write(Buffer.alloc(600_000));
  await up.accepted;
  clock.advance(1_900);
  up.stream.end(Buffer.alloc(400_000));
  const lines = (await collect(up.stream)).toString().trim().split("\n");
  assert.deepEqual(JSON.parse(lines.at(-1) ?? ""), { bytes: 1_000_000, ms: 1_900 });
  assert.ok(lines.length > 90);
  await until(() => clock.pending === 0);
});

test("other queries, more bytes and other methods are refused", async (t) => {
  const { open } = await serve(t);
  const link = await open();
  for (const [method, path] of [
    ["GET", BANDWIDTH_PATH],
    ["GET", `${BANDWIDTH_PATH}?n=0`],
    ["GET", `${BANDWIDTH_PATH}?n=${bandwidthBytes.value + 1}`],
    ["GET", `${BANDWIDTH_PATH}?n=1&n=2`],
    ["POST", `${BANDWIDTH_PATH}?n=1`],
    ["PUT", BANDWIDTH_PATH],
    ["GET", `${BANDWIDTH_PATH}x?n=1`],
  ] as const) {
    const { stream, accepted } = ask(link, method, path);
    stream.end();
    await assert.rejects(accepted, { data: { status: 400 } }, `${method} ${path}`);
  }
});

test("an address measures each direction once in ten minutes, and is told when it may again", async (t) => {
  const { clock, open } = await serve(t);
  const link = await open();
  const get = async (on: Link): Promise<void> => {
    const { stream, accepted } = ask(on, "GET", `${BANDWIDTH_PATH}?n=1`);
    stream.end();
    await accepted;
    await collect(stream);
  };
  await get(link);
  clock.advance(bandwidthPeriodMs.value - 1_500);
  const refused = ask(await open(), "GET", `${BANDWIDTH_PATH}?n=1`);
  refused.stream.end();
  const answer = new Promise<unknown>((resolve) => refused.stream.once("response", resolve));
  await assert.rejects(refused.accepted, { code: "ERR_HOP_LIMIT", message: /this address has measured lately/ });
  assert.equal(((await answer) as { "retry-after"?: string })["retry-after"], "2");
  clock.advance(1_500);
  await get(link);
});

test("no more transfers run at a time than may", async (t) => {
  const { open } = await serve(t, undefined, 1);
  const link = await open();
  const up = ask(link, "POST");
  await up.accepted;
  const down = ask(link, "GET", `${BANDWIDTH_PATH}?n=1`);
  down.stream.end();
  await assert.rejects(down.accepted, { code: "ERR_HOP_LIMIT", message: /others are measuring/ });
  up.stream.end();
  await collect(up.stream);
  const again = ask(link, "GET", `${BANDWIDTH_PATH}?n=1`);
  again.stream.end();
  assert.equal((await collect(again.stream)).length, 1);
});

test("a transfer that takes too long, or too many bytes, is reset", async (t) => {
  const { clock, open } = await serve(t);
  const link = await open();
  const slow = ask(link, "POST");
  await slow.accepted;
  const unread = ask(link, "GET", `${BANDWIDTH_PATH}?n=${bandwidthBytes.value}`);
  await unread.accepted;
  clock.advance(bandwidthMs.value);
  await assert.rejects(collect(slow.stream));
  await assert.rejects(collect(unread.stream));
  assert.equal(clock.pending, 0);

  clock.advance(bandwidthPeriodMs.value);
  const much = ask(link, "POST");
  await much.accepted;
  const closed = closeOf(much.stream.on("error", () => {}).resume());
  const chunk = Buffer.alloc(1024 * 1024);
  for (let n = 0; n <= bandwidthBytes.value / chunk.length; n += 1) much.stream.write(chunk);
  await closed;
  assert.equal(link.usable, true);
});

test("a transfer that its peer does not get on with is reset, and gives its place back", async (t) => {
  const { clock, open } = await serve(t, undefined, 1);
  const link = await open();
  const unread = ask(link, "GET", `${BANDWIDTH_PATH}?n=${bandwidthBytes.value}`);
  await unread.accepted;
  // It is read as far as the window goes; from then on nothing moves.
  clock.advance(LINK_LIMITS.bandwidthStallMs.value);
  clock.advance(LINK_LIMITS.bandwidthStallMs.value);
  await assert.rejects(collect(unread.stream));
  const idle = ask(link, "POST");
  await idle.accepted;
  clock.advance(LINK_LIMITS.bandwidthStallMs.value);
  await assert.rejects(collect(idle.stream));
  assert.equal(clock.pending, 0);
});

/** A request from `remoteAddress` whose answer is read or stays. */
function incomingFrom(
  remoteAddress: string,
  path = `${BANDWIDTH_PATH}?n=1`,
): { incoming: IncomingStream; stream: PassThrough } {
  const stream = new PassThrough();
  const incoming = { link: someLink(1, remoteAddress), headers: { ":path": path }, accept: () => stream };
  return { incoming: incoming as unknown as IncomingStream, stream };
}

test("a network that holds all transfers gives one to another network", async () => {
  const bandwidth = new BandwidthService({ clock: new FakeClock() }, 2);
  const [first, second, other] = ["192.0.2.1", "192.0.2.2", "198.51.100.1"].map((address) =>
    incomingFrom(address, BANDWIDTH_PATH),
  );
  assert.ok(first !== undefined && second !== undefined && other !== undefined);
  const sendings = [bandwidth.take(first.incoming), bandwidth.take(second.incoming)];
  await assert.rejects(bandwidth.take(incomingFrom("192.0.2.3", BANDWIDTH_PATH).incoming), {
    message: /others are measuring/,
  });
  sendings.push(bandwidth.take(other.incoming));
  await sendings[0];
  assert.ok(first.stream.destroyed && !second.stream.destroyed && !other.stream.destroyed);
  await assert.rejects(bandwidth.take(incomingFrom("203.0.113.1", BANDWIDTH_PATH).incoming), {
    message: /others are measuring/,
  });
  for (const { stream } of [second, other]) stream.destroy();
  await Promise.all(sendings);
});

test("of the addresses that have measured the first is forgotten, and nobody is refused for it", async () => {
  const clock = new FakeClock();
  const bandwidth = new BandwidthService({ clock });
  const most = LINK_LIMITS.bandwidthAddresses.value;
  const measure = async (n: number): Promise<void> => {
    const { incoming, stream } = incomingFrom(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    await Promise.all([bandwidth.send(incoming), collect(stream)]);
  };
  for (let n = 0; n < most + 5; n += 1) await measure(n);
  assert.equal(bandwidth.remembered, most);
  await assert.rejects(measure(most), { message: /this address has measured lately/ });
  await measure(0);
});

test("a line is measured in both directions, over TCP and over a memory pipe", async (t) => {
  const overTcp = await serve(t);
  const served = await serveLink(new MemoryTransport(), { bandwidth: new BandwidthService({ clock: systemClock }) });
  t.after(() => served[Symbol.asyncDispose]());
  for (const openLink of [overTcp.open, () => served.open()]) {
    const { upMbps, downMbps } = await measureBandwidth({ clock: systemClock, openLink });
    assert.ok(Number.isInteger(upMbps) && upMbps >= 1, String(upMbps));
    assert.ok(Number.isInteger(downMbps) && downMbps >= 1, String(downMbps));
  }
});

test("on a slow line it is what comes within the time that counts, by the clock of the one who measures", async (t) => {
  const clock = new FakeClock();
  const streams: Duplex[] = [];
  let sent = 0;
  const { open } = await serve(t, {
    async send(incoming) {
      const stream = incoming.accept();
      streams.push(stream);
      stream.write(Buffer.alloc(250_000));
    },
    async take(incoming) {
      const stream = incoming.accept();
      streams.push(stream);
      stream.on("data", (chunk: Buffer) => {
        sent += chunk.length;
      });
    },
  });
  const links: Link[] = [];
  const openLink = async (): Promise<Link> => {
    const link = await open();
    links.push(link);
    return link;
  };
  const received = (at: number): number => links[at]?.bytesReceived ?? 0;
  const measured = measureBandwidth({ clock, openLink });
  await until(() => received(0) > 250_000);
  clock.advance(1_000);
  streams[0]?.write(Buffer.alloc(1_000_000));
  await until(() => received(0) > 1_250_000);
  clock.advance(bandwidthClientMs.value - 1_000);
  await until(() => sent > 500_000);
  clock.advance(2_000);
  // The times that the peer tells, and more bytes than were sent, are not believed.
  const before = received(1);
  streams[1]?.write('{"bytes":500000,"ms":1}\n{"bytes":999999999,"ms":2}\nnonsense\n');
  await until(() => received(1) > before);
  clock.advance(bandwidthClientMs.value - 2_000);
  assert.deepEqual(await measured, { downMbps: 10, upMbps: 2 });
  assert.deepEqual(
    links.map(({ usable }) => usable),
    [false, false],
  );
  assert.equal(clock.pending, 0);
});

test("a peer that breaks off, refuses or is silent is told as such", async (t) => {
  const clock = new FakeClock();
  const breaking = await serve(t, { send: async (incoming) => void incoming.accept().destroy(), take: async () => {} });
  await assert.rejects(measureBandwidth({ clock, openLink: breaking.open }), { code: "ERR_HOP_LOST" });
  const silent = await serve(t, { send: () => new Promise(() => {}), take: async () => {} });
  const waiting = measureBandwidth({ clock, openLink: silent.open });
  await until(() => clock.pending === 1);
  clock.advance(bandwidthClientMs.value);
  await assert.rejects(waiting, { code: "ERR_HOP_TIMEOUT" });
  const controller = new AbortController();
  const aborted = measureBandwidth({ clock, openLink: silent.open }, controller.signal);
  controller.abort();
  await assert.rejects(aborted, { code: "ERR_ABORTED" });
  const none = await serve(t);
  const first = ask(await none.open(), "GET", `${BANDWIDTH_PATH}?n=1`);
  first.stream.end();
  await collect(first.stream);
  await assert.rejects(measureBandwidth({ clock, openLink: none.open }), { code: "ERR_HOP_LIMIT" });
});

test("the rate is that after the first quarter of the time, in whole Mbit/s", () => {
  const at = (atMs: number, bytes: number) => ({ atMs, bytes });
  // 1 Mbit/s for a quarter of the time, 8 Mbit/s after it.
  assert.equal(steadyMbps([at(0, 0), at(1_000, 125_000), at(2_500, 1_625_000), at(4_000, 3_125_000)]), 8);
  assert.equal(steadyMbps([at(0, 0), at(1_000, 1_250_000)]), 10);
  assert.equal(steadyMbps([at(5_000, 0), at(6_000, 10), at(13_000, 20)]), 1);
  assert.equal(steadyMbps([at(0, 0), at(0.001, 16_000_000)]), 10_000_000);
  for (const samples of [[], [at(0, 0)], [at(0, 0), at(0, 9)], [at(0, 0), at(9, 0)]]) {
    assert.throws(() => steadyMbps(samples), { code: "ERR_HOP_PROTOCOL" });
  }
});
