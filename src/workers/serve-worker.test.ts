import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { WORKERS_LIMITS } from "./limits.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { serveWorker, type WorkerChannel, type WorkerContext } from "./serve-worker.ts";

function setUp(make: (options: unknown) => void = () => {}) {
  const events = new EventEmitter();
  const sent: FromWorker[] = [];
  const codes: number[] = [];
  const accepted: Duplex[] = [];
  const stopped = Promise.withResolvers<void>();
  let context: WorkerContext | undefined;
  const channel: WorkerChannel = {
    on: (event: string, listener: (...values: unknown[]) => void) => events.on(event, listener),
    send(message, onSent) {
      sent.push(message);
      onSent(null);
      return true;
    },
  };
  const clock = new FakeClock();
  const carried = { streams: 0, bytes: 0 };
  serveWorker(
    { channel, clock },
    (options, given) => {
      make(options);
      context = given;
      return {
        accept: (raw) => void accepted.push(raw),
        get usage() {
          return { ...carried };
        },
        stop: () => stopped.promise,
      };
    },
    (code) => void codes.push(code),
  );
  const hear = (message: ToWorker, socket?: Socket): void => void events.emit("message", message, socket);
  return { clock, carried, events, sent, codes, accepted, stopped, hear, load: () => context?.load() };
}

test("a worker serves what it is handed and tells when that is closed", async () => {
  const { sent, accepted, hear, load } = setUp((options) => assert.deepEqual(options, { some: 1 }));
  hear({ kind: "start", options: { some: 1 } });
  assert.deepEqual(sent, [{ kind: "ready" }]);
  const socket = new Socket();
  hear({ kind: "link", link: 7 }, socket);
  assert.deepEqual(accepted, [socket]);
  socket.destroy();
  await once(socket, "close");
  // A connection that ended on its way comes without a socket.
  hear({ kind: "link", link: 8 });
  assert.deepEqual(sent.slice(1), [
    { kind: "taken", link: 7 },
    { kind: "closed", link: 7 },
    { kind: "closed", link: 8 },
  ]);
  assert.equal(load(), 0);
  hear({ kind: "load", load: 0.4 });
  assert.equal(load(), 0.4);
});

test("a worker ends once its service has stopped, and at once when the node is gone", async () => {
  const { codes, stopped, hear, events } = setUp();
  hear({ kind: "start", options: {} });
  hear({ kind: "stop" });
  assert.deepEqual(codes, []);
  stopped.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(codes, [0]);
  events.emit("disconnect");
  assert.deepEqual(codes, [0, 0]);
});

test("a worker that fails says why and ends", () => {
  const failing = setUp(() => {
    throw new BywayError("ERR_CONFIG_VALUE", "no such thing");
  });
  failing.hear({ kind: "start", options: {} });
  assert.deepEqual(failing.sent, [{ kind: "failed", code: "ERR_CONFIG_VALUE", message: "no such thing" }]);
  assert.deepEqual(failing.codes, [70]);

  const { events, sent, codes } = setUp();
  events.emit("uncaughtException", new TypeError("odd"));
  assert.deepEqual(sent, [{ kind: "failed", code: "ERR_INTERNAL", message: "odd" }]);
  assert.deepEqual(codes, [70]);
});

test("a worker tells what its links carry once a second, where that has changed", () => {
  const { clock, carried, sent, hear } = setUp();
  hear({ kind: "start", options: {} });
  const told = (): readonly unknown[] => sent.flatMap((message) => (message.kind === "usage" ? [message.usage] : []));
  clock.advance(10 * WORKERS_LIMITS.usageMs.value);
  assert.deepEqual(told(), []);
  carried.bytes = 500;
  clock.advance(WORKERS_LIMITS.usageMs.value);
  carried.streams = 2;
  clock.advance(5 * WORKERS_LIMITS.usageMs.value);
  assert.deepEqual(told(), [
    { streams: 0, bytes: 500 },
    { streams: 2, bytes: 500 },
  ]);
});
