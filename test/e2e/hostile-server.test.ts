import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, suite, type TestContext, test } from "node:test";
import { Circuit } from "../../src/circuit/circuit.ts";
import { CIRCUIT_LIMITS } from "../../src/circuit/limits.ts";
import type { Clock } from "../../src/core/clock.ts";
import { systemClock } from "../../src/core/clock.ts";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { systemRandom } from "../../src/core/random.ts";
import { TcpTransport } from "../../src/link/tcp-transport.ts";
import { closeOf, collect } from "../support/collect.ts";
import { type LinkBench, serveLink } from "../support/link-bench.ts";
import { until } from "../support/proxy-fixture.ts";
import { meetRawHop } from "../support/raw-hop.ts";
import { FLAG, FRAME, fields, frame, reset, SETTING, settings, windowUpdate } from "../support/raw-http2.ts";

const HOST = "127.203.0.3";
const options = { timeout: 60_000 };
const CONNECT = { ":method": "CONNECT", ":authority": "target.example:80" };
const WIDEST = 0x7fffffff;
const CANCEL = 8;
/** What the hop sends at most before the link must be over. */
const MOST_BATCHES = 100;

/** Something that ends the link to who does it. */
interface Attack {
  readonly name: string;
  /** Sent again and again until the link is over; the client's one request is stream 1. */
  readonly batch: (turn: number) => readonly Uint8Array[];
  readonly deaf?: boolean;
  /** The code of the client's GOAWAY (RFC 9113 §7); none when the hop does not read it. */
  readonly code?: number;
  /** What the error of the client says. */
  readonly reason: RegExp;
}

const GRANTED = frame(FRAME.headers, FLAG.endHeaders, 1, fields([":status", "200"]));

function many(count: number, make: (n: number) => Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

const ATTACKS: readonly Attack[] = [
  {
    name: "an answer whose head never ends",
    batch: (turn) => [
      ...(turn === 0 ? [frame(FRAME.headers, FLAG.none, 1, fields([":status", "200"]))] : []),
      ...many(100, () => frame(FRAME.continuation, FLAG.none, 1, fields(["x-more", "y".repeat(100)]))),
    ],
    code: 2,
    reason: /CONTINUATION/,
  },
  {
    name: "a push",
    batch: () => [
      frame(FRAME.pushPromise, FLAG.endHeaders, 1, Buffer.concat([Buffer.of(0, 0, 0, 2), fields([":method", "GET"])])),
    ],
    code: 1,
    reason: /Protocol error/,
  },
  {
    name: "more bytes than the window",
    batch: (turn) => [
      ...(turn === 0 ? [GRANTED] : []),
      ...many(64, () => frame(FRAME.data, FLAG.none, 1, Buffer.alloc(16_384))),
    ],
    code: 3,
    reason: /Protocol error/,
  },
  {
    name: "a frame longer than was offered",
    batch: () => [GRANTED, frame(FRAME.data, FLAG.none, 1, Buffer.alloc(16_385))],
    code: 6,
    reason: /Protocol error/,
  },
  {
    name: "a window that overflows",
    batch: () => [windowUpdate(1, WIDEST), windowUpdate(0, WIDEST)],
    code: 3,
    reason: /Flow control/,
  },
  {
    name: "pings whose answers are not read",
    batch: () => many(10_000, () => frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8))),
    deaf: true,
    reason: /Flooding/,
  },
  {
    name: "settings whose acknowledgements are not read",
    batch: () => many(10_000, (n) => settings([SETTING.initialWindowSize, n])),
    deaf: true,
    reason: /Flooding/,
  },
];

suite("hostile frames at a client", () => {
  const cleanup = new AsyncDisposableStack();
  const transport = new TcpTransport({ clock: systemClock });
  let honest: LinkBench;

  before(async () => {
    honest = cleanup.use(
      await serveLink(transport, {
        connectTarget: async (incoming) => {
          const stream = incoming.accept();
          stream.pipe(stream);
        },
      }),
    );
  });
  after(() => cleanup.disposeAsync());

  const meet = (t: TestContext, own: Buffer = settings(), clock: Clock = systemClock) =>
    meetRawHop(t, { host: HOST, own, clock });

  /** What goes on over another link of the same client. */
  const others = async (): Promise<void> => {
    const link = await honest.open();
    const bytes = randomBytes(3_000_000);
    const { stream, accepted } = link.open({ headers: CONNECT, toward: "target" });
    stream.end(bytes);
    const heard = collect(stream);
    await accepted;
    assert.ok((await heard).equals(bytes));
    link.destroy();
    await link.closed;
  };

  for (const { name, batch, deaf, code, reason } of ATTACKS) {
    test(`${name}: the link is ended, the error says why, other links go on`, options, async (t) => {
      const { link, hop } = await meet(t);
      const { stream, accepted } = link.open({ headers: CONNECT, toward: "target", early: Buffer.from("early") });
      const closed = closeOf(stream);
      await until(() => hop.dataBytes === 5);
      let isOver = false;
      void link.closed.then(() => (isOver = true));
      if (deaf === true) hop.socket.pause();
      const meanwhile = others();
      for (let turn = 0; turn < MOST_BATCHES && !isOver; turn += 1) {
        hop.send(...batch(turn));
        await until(() => hop.socket.writableLength === 0 || isOver);
      }
      await link.closed;
      await closed;
      await meanwhile;
      hop.socket.resume();
      await until(() => hop.over);
      if (code !== undefined) assert.equal(hop.goaway, code);
      await accepted.catch(() => {});
      assert.throws(
        () => link.open({ headers: CONNECT, toward: "target" }),
        (error) => {
          assert.ok(error instanceof BywayError);
          assert.equal(error.code, "ERR_HOP_LOST");
          assert.match(String(error.cause), reason);
          return true;
        },
      );
    });
  }

  test(
    "a hop that resets every stream is lost for those streams only, and takes nothing with it",
    options,
    async (t) => {
      const { link, hop } = await meet(t);
      const meanwhile = others();
      for (let n = 0; n < 2_000; n += 1) {
        const { accepted } = link.open({ headers: CONNECT, toward: "target", early: Buffer.from("x") });
        await until(() => hop.dataFrames === n + 1);
        hop.send(reset(2 * n + 1, CANCEL));
        await assert.rejects(accepted, { code: "ERR_HOP_LOST" });
      }
      await meanwhile;
      await until(() => link.streams === 0);
    },
  );

  test("settings that change in mid-flight: early bytes wait for the window, and none is lost", options, async (t) => {
    const { link, hop } = await meet(t, settings([SETTING.initialWindowSize, 0]));
    const bytes = randomBytes(100_000);
    await until(() => hop.frames.some(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack));
    const { stream, accepted } = link.open({ headers: CONNECT, toward: "target", early: bytes });
    await until(() => hop.frames.some(({ type }) => type === FRAME.headers));
    await others();
    assert.equal(hop.dataBytes, 0);
    hop.send(settings([SETTING.initialWindowSize, 30_000]), GRANTED, windowUpdate(0, WIDEST - 65_535));
    await accepted;
    await until(() => hop.dataBytes === 30_000);
    hop.send(settings([SETTING.initialWindowSize, 1]), windowUpdate(1, 30_000));
    await until(() => hop.dataBytes === 30_001);
    await others();
    assert.equal(hop.dataBytes, 30_001);
    for (let n = 0; n < 100; n += 1) hop.send(windowUpdate(1, 1));
    await until(() => hop.dataBytes === 30_101);
    hop.send(settings([SETTING.initialWindowSize, WIDEST - 100_000], [SETTING.maxFrameSize, 1 << 20]));
    await until(() => hop.dataBytes === bytes.length);
    stream.destroy();
  });

  test("a hop that allows no stream is given up in time, and leaves nothing", options, async (t) => {
    const clock = new FakeClock();
    const { link, hop } = await meet(t, settings([SETTING.maxConcurrentStreams, 0]), clock);
    await until(() => hop.frames.some(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack));
    const idle = clock.pending;
    const circuit = new Circuit({ clock, random: systemRandom }, [], [link], []);
    const opening = circuit.openStream({ host: "target.example", port: 80 });
    const refused = assert.rejects(opening, { code: "ERR_HOP_TIMEOUT" });
    clock.advance(CIRCUIT_LIMITS.streamMs.value);
    await refused;
    assert.equal(clock.pending, idle);
    await until(() => link.streams === 0);
    await others();
  });
});
