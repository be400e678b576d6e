import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { test } from "node:test";
import { startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { ByteBudget } from "../flow/byte-budget.ts";
import { FLOW_LIMITS } from "../flow/limits.ts";
import { requestChunkRules } from "../http1/chunk-rules.ts";
import { ChunkedDecoder } from "../http1/chunked-decoder.ts";
import { requestHeadCollector } from "../http1/request-head.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { type BodyEnd, MessageBody } from "./message-body.ts";
import { readHead } from "./message-head.ts";
import { MessageSource } from "./message-source.ts";

const LENGTH = 50_000;
const BYTE = Buffer.from("x");
const MOST_CHUNKS = LENGTH / FLOW_LIMITS.blockBytes.value + 2;

/** Bytes that a budget was told of, by stream. */
class Told {
  readonly kept = new Map<Duplex, () => number>();
  watch(stream: Duplex, _end?: unknown, kept: () => number = () => 0): void {
    this.kept.set(stream, kept);
  }
}

/** A connection that takes no byte until the test lets it. */
function stuckConnection() {
  const written: Buffer[] = [];
  let done: (() => void) | undefined;
  const to = new Duplex({
    read() {},
    writev(chunks, callback) {
      written.push(...chunks.map(({ chunk }) => chunk as Buffer));
      done = callback;
    },
    decodeStrings: true,
  });
  const leave = (): void => {
    const now = done;
    done = undefined;
    now?.();
  };
  return { to, leave, heard: () => Buffer.concat(written).toString("latin1") };
}

/** A body of one byte a chunk that comes on a connection. */
function drippingBody(budget: Told) {
  const from = new PassThrough();
  const source = new MessageSource({ budget }, from, {});
  const body = new MessageBody({ budget }, source, new ChunkedDecoder(requestChunkRules(1_000, 1_000)));
  const drip = (): void => void from.emit("data", Buffer.from("1\r\nx\r\n"));
  return { from, source, body, drip };
}

function chunksIn(stream: object, side: "_readableState" | "_writableState"): number {
  const state = (stream as Record<typeof side, { buffer?: unknown[]; buffered?: unknown[] }>)[side];
  return (state.buffered ?? state.buffer ?? []).length;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("what comes a byte at a time waits in one piece while nobody reads it, and the budget knows", () => {
  const budget = new Told();
  const { from, source } = drippingBody(budget);
  for (let count = 0; count < LENGTH; count += 1) from.emit("data", BYTE);
  assert.equal(source.length, LENGTH);
  assert.equal(budget.kept.get(from)?.(), LENGTH);
  const bytes = source.release();
  assert.ok(bytes.buffer.byteLength <= 4 * LENGTH, `${bytes.buffer.byteLength} bytes`);
  assert.equal(budget.kept.get(from)?.(), 0);
});

test("the budget knows of a head that does not end, and of the fields behind a body", () => {
  const budget = new Told();
  const { from, source, body } = drippingBody(budget);
  void readHead(source, requestHeadCollector(10_000, 10_000), () => new Error("cut"));
  from.emit("data", Buffer.from("GET / HTTP/1.1\r\n"));
  for (let count = 0; count < 1_000; count += 1) from.emit("data", Buffer.from("X: y\r\n"));
  assert.equal(budget.kept.get(from)?.(), 16 + 6_000);
  body.discard(() => {});
  assert.equal(budget.kept.get(from)?.(), 0);
  from.emit("data", Buffer.from(`0\r\nX: ${"y".repeat(900)}\r\n`));
  assert.equal(budget.kept.get(from)?.(), 905);
});

test("a connection is not read beyond a bound while nobody wants its bytes", () => {
  const { from, source } = drippingBody(new Told());
  const most = INGRESS_LIMITS.maxEarlyBytes.value;
  from.emit("data", Buffer.alloc(most - 1));
  assert.equal(from.isPaused(), false);
  from.emit("data", BYTE);
  assert.equal(from.isPaused(), true);
  source.read({ kept: 0, take: (bytes) => bytes.length, over: () => {} });
  assert.deepEqual([from.isPaused(), source.length], [false, 0]);
});

for (const inChunks of [false, true]) {
  test(`a body that comes a byte at a time waits in few chunks for a far side that does not read, and arrives whole, ${inChunks ? "in chunks" : "as it is"}`, async () => {
    const budget = new Told();
    const { from, body, drip } = drippingBody(budget);
    const { to, leave, heard } = stuckConnection();
    const ends: BodyEnd[] = [];
    body.sendTo(to, inChunks, (end) => ends.push(end));
    for (let count = 1; count <= LENGTH; count += 1) {
      drip();
      if (count % 100 === 0) await turn();
    }
    from.emit("data", Buffer.from("0\r\nX: y\r\n\r\nnext"));
    const perChunk = inChunks ? 3 : 1;
    assert.ok(chunksIn(to, "_writableState") <= 3 * perChunk * MOST_CHUNKS, `${chunksIn(to, "_writableState")} chunks`);
    assert.ok(budget.kept.has(to) && budget.kept.has(from));
    for (let left = 0; left < 50; left += 1) {
      leave();
      await turn();
    }
    assert.deepEqual(ends, [{ trailers: ["X", "y"] }]);
    const content = inChunks ? heard().replaceAll(/[0-9a-f]+\r\n(x+)\r\n/g, "$1") : heard();
    assert.equal(content, "x".repeat(LENGTH));
  });
}

test("a far side that goes ends the way, and what comes later is thrown away where it is to be", async () => {
  const { source, body, drip } = drippingBody(new Told());
  const { to } = stuckConnection();
  body.sendTo(to, false, () => assert.fail("it is not over"));
  to.destroy();
  await turn();
  drip();
  assert.equal(source.length, 6);
  body.discard(() => assert.fail("it is not over"));
  assert.equal(source.length, 0);
});

test("a body that ends before its end is cut, and one whose connection breaks says why", () => {
  for (const cause of [undefined, new Error("broken")]) {
    const { from, body, drip } = drippingBody(new Told());
    const ends: BodyEnd[] = [];
    body.discard((end) => ends.push(end));
    drip();
    from.emit(cause === undefined ? "end" : "error", cause);
    const [end] = ends;
    assert.ok(end !== undefined && "cut" in end && body.cut === end.cut);
    if (cause !== undefined) assert.equal(end.cut, cause);
    assert.equal(ends.length, 1);
  }
});

const CHUNKS = `4000\r\n${"x".repeat(16_384)}\r\n`;

/** Writes for as long as the other side takes it. */
function pour(socket: Socket, text: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(text)) {}
  };
  socket.on("drain", more);
  more();
}

const chunked = (at: string): string =>
  `POST http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nTransfer-Encoding: chunked\r\n\r\n`;
const upgrade = (at: string): string =>
  `GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;

/** Who says what, and reads nothing from then on. */
const STALLS: readonly (readonly [
  what: string,
  app: (app: Socket, at: string) => void,
  target: (to: Socket) => void,
])[] = [
  [
    "an answer that the app does not read",
    (app, at) => app.write(`GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\n\r\n`),
    (to) => {
      to.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      pour(to, CHUNKS);
    },
  ],
  [
    "a body that the target does not read",
    (app, at) => {
      app.write(chunked(at));
      pour(app, CHUNKS);
    },
    (to) => to.pause(),
  ],
  [
    "a request behind one that is not answered",
    (app, at) => {
      app.write(`GET http://${at}/ HTTP/1.1\r\nHost: ${at}\r\n\r\n${chunked(at)}`);
      pour(app, CHUNKS);
    },
    (to) => to.pause(),
  ],
  [
    "what follows a change of the protocol",
    (app, at) => app.write(upgrade(at)),
    (to) => {
      to.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      pour(to, "x".repeat(65_536));
    },
  ],
];

for (const [what, ask, answer] of STALLS) {
  test(`${what} is held to the memory budget`, async () => {
    const clock = new FakeClock();
    const budget = new ByteBudget({ clock, logger: silentLogger }, { bytes: 32_768 });
    await using target = await startTcpTarget((socket) => {
      socket.once("data", () => answer(socket));
    });
    await using fixture = await startProxy({}, budget);
    using client = await RawClient.connect(fixture.address);
    client.socket.pause();
    ask(client.socket, target.authority);
    await until(() => fixture.opener.requests.length > 0);
    await until(() => {
      clock.advance(FLOW_LIMITS.budgetPeriodMs.value);
      return fixture.opener.streams.size === 0;
    });
  });
}
