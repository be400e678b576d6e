import assert from "node:assert/strict";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import { startProxy, startTcpTarget, until } from "../../test/support/proxy-fixture.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { ByteBudget } from "../core/byte-budget.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { CORE_LIMITS } from "../core/limits.ts";
import { silentLogger } from "../core/logger.ts";
import { MessageBody } from "./message-body.ts";

const LENGTH = 50_000;
const BYTE = Buffer.from("x");
const MOST_CHUNKS = LENGTH / CORE_LIMITS.blockBytes.value + 2;

/** Bytes that a budget was told of, by stream. */
class Told {
  readonly kept = new Map<Duplex, () => number>();
  watch(stream: Duplex, _end?: unknown, kept: () => number = () => 0): void {
    this.kept.set(stream, kept);
  }
  arrived(): void {}
}

/** A response whose connection takes no byte until the test lets it. */
function stuckResponse() {
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
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  response.assignSocket(to as Socket);
  to.on("drain", () => response.emit("drain"));
  response.writeHead(200, { "Content-Length": LENGTH });
  const leave = (): void => {
    const now = done;
    done = undefined;
    now?.();
  };
  return { to, response, leave, body: () => Buffer.concat(written).toString("latin1").split("\r\n\r\n")[1] ?? "" };
}

function chunksIn(stream: object, side: "_readableState" | "_writableState"): number {
  const state = (stream as Record<typeof side, { buffer?: unknown[]; buffered?: unknown[] }>)[side];
  return (state.buffered ?? state.buffer ?? []).length;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a body that comes a byte at a time waits in few chunks while nobody reads it, and the budget knows", () => {
  const budget = new Told();
  const from = new Socket();
  const message = new IncomingMessage(from);
  const body = new MessageBody({ budget }, message);
  for (let count = 0; count < LENGTH; count += 1) message.push(BYTE);
  assert.ok(chunksIn(message, "_readableState") <= MOST_CHUNKS, `${chunksIn(message, "_readableState")} chunks`);
  assert.equal(body.bytes, LENGTH);
  assert.equal(budget.kept.get(from)?.(), LENGTH);
});

test("a body that comes a byte at a time waits in few chunks for a far side that does not read, and arrives whole", async () => {
  const budget = new Told();
  const from = new Socket();
  const message = new IncomingMessage(from);
  const { to, response, leave, body } = stuckResponse();
  const carried = new MessageBody({ budget }, message);
  carried.sendTo(response);
  let ended = false;
  message.once("end", () => {
    ended = true;
    carried.flush();
    response.end();
  });
  for (let count = 1; count <= LENGTH; count += 1) {
    message.push(BYTE);
    if (count % 100 === 0) await turn();
  }
  message.push(null);
  const chunks = chunksIn(message, "_readableState") + chunksIn(to, "_writableState");
  assert.ok(chunks <= 3 * MOST_CHUNKS, `${chunks} chunks`);
  const known = (budget.kept.get(from)?.() ?? 0) + to.writableLength;
  assert.ok(known >= LENGTH, `${known} bytes`);
  assert.ok(budget.kept.has(to));
  for (let left = 0; left < 50; left += 1) {
    leave();
    await turn();
  }
  assert.ok(ended);
  assert.equal(body(), "x".repeat(LENGTH));
});

test("a far side that goes ends the way, and what comes later is thrown away where it is to be", async () => {
  const message = new IncomingMessage(new Socket());
  const { to, response } = stuckResponse();
  const body = new MessageBody({ budget: new Told() }, message);
  body.sendTo(response);
  to.destroy();
  response.emit("close");
  message.push(BYTE);
  await turn();
  assert.equal(body.bytes, 1);
  body.discard();
  await turn();
  assert.equal(body.bytes, 0);
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
      clock.advance(CORE_LIMITS.budgetPeriodMs.value);
      return fixture.opener.streams.size === 0;
    });
  });
}
