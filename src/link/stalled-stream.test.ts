import assert from "node:assert/strict";
import { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { closeOf, collect } from "../../test/support/collect.ts";
import { type LinkBench, serveLink } from "../../test/support/link-bench.ts";
import { until } from "../../test/support/proxy-fixture.ts";
import { roomyBudget } from "../../test/support/roomy-budget.ts";
import type { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { ByteBudget } from "../flow/byte-budget.ts";
import { splice } from "../flow/splice.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Link } from "./link.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { openLink } from "./open-link.ts";

const KIB = 1024;
const clock = new FakeClock();

/** A hop whose streams nobody reads, and what they are. */
async function unreadingHop(t: TestContext, budget?: ByteBudget) {
  const far: Duplex[] = [];
  const served: LinkBench = await serveLink(
    new MemoryTransport(),
    { connectTarget: async (incoming) => void far.push(incoming.accept()) },
    {},
    budget,
  );
  t.after(() => served[Symbol.asyncDispose]());
  const link = await served.open();
  return { far, link, held: () => far.reduce((sum, stream) => sum + stream.readableLength, 0) };
}

async function openTo(link: Link, count: number): Promise<Duplex[]> {
  const pending = Array.from({ length: count }, (_, index) =>
    link.open({ headers: { ":method": "CONNECT", ":authority": `target-${index}:80` }, toward: "target" }),
  );
  await Promise.all(pending.map(({ accepted }) => accepted));
  return pending.map(({ stream }) => stream);
}

test("300 streams of a target that does not read stay in the budget, and the client is told why some were ended", async (t) => {
  const budget = new ByteBudget({ clock, logger: silentLogger }, { bytes: 2_000 * KIB });
  const { far, link } = await unreadingHop(t, budget);
  const streams = await openTo(link, 300);
  const ended = streams.map((stream) => closeOf(stream).then(() => stream.errored as BywayError | null));
  for (const stream of streams) stream.write(Buffer.alloc(32 * KIB));
  await until(() => far.every((stream) => stream.destroyed || stream.readableLength === 32 * KIB));
  const alive = far.filter((stream) => !stream.destroyed);
  const left = alive.reduce((sum, stream) => sum + stream.readableLength, 0);
  assert.ok(left > 1_800 * KIB && left <= budget.bytes, `${alive.length} streams with ${left} bytes are left`);
  await until(() => streams.filter((stream) => stream.destroyed).length === 300 - alive.length);
  const first = streams.findIndex((stream) => stream.destroyed);
  assert.equal((await ended[first])?.code, "ERR_STREAM_STALLED");
  const survivor = streams.findIndex((stream) => !stream.destroyed);
  streams[survivor]?.end("more");
  assert.equal((await collect(far[survivor] as Duplex)).length, 32 * KIB + 4);
});

test("a stream that is not read holds no other stream of the link back", async (t) => {
  const { far, link, held } = await unreadingHop(t);
  const [stalled, other] = (await openTo(link, 2)) as [Duplex, Duplex];
  stalled.write(Buffer.alloc(4 * LINK_LIMITS.streamWindowBytes.value));
  await until(() => held() >= LINK_LIMITS.streamWindowBytes.value);
  const whole = 3 * LINK_LIMITS.streamWindowBytes.value;
  other.end(Buffer.alloc(whole));
  assert.equal((await collect(far[1] as Duplex)).length, whole);
  assert.ok((far[0]?.readableLength ?? 0) <= LINK_LIMITS.streamWindowBytes.value);
});

test("what a splice holds for a peer that reads no more is bounded, and is told to the budget", async (t) => {
  let sent = 0;
  const endless = new Duplex({
    read() {
      sent += 16 * KIB;
      this.push(Buffer.alloc(16 * KIB));
    },
    write: (_chunk, _encoding, done) => done(),
  });
  const budget = roomyBudget();
  const watched = new Set<Duplex>();
  budget.watch = (stream) => void watched.add(stream);
  const far = Promise.withResolvers<Duplex>();
  const served = await serveLink(new MemoryTransport(), {
    connectTarget: async (incoming) => {
      far.resolve(incoming.accept());
      await splice({ clock, budget }, await far.promise, endless);
    },
  });
  t.after(() => served[Symbol.asyncDispose]());
  const raw = await served.dial();
  const link = await openLink({ clock, budget: roomyBudget() }, raw, { peerId: served.identity.peerId });
  const [near] = (await openTo(link, 1)) as [Duplex];
  let received = 0;
  near.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received > 1024 * KIB) raw.pause();
  });
  await until(() => received > 1024 * KIB);
  watched.clear();
  const stream = await far.promise;
  await until(() => watched.has(stream));
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  assert.deepEqual([stream.writableNeedDrain, watched.has(endless)], [true, true]);
  assert.ok(
    stream.writableLength >= 64 * KIB && stream.writableLength < 256 * KIB,
    `${stream.writableLength} bytes wait`,
  );
  assert.ok(sent - received < 1024 * KIB, `${sent - received} bytes are on the way`);
  link.destroy();
  endless.destroy();
});
