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

interface Contract {
  readonly options: unknown;
  readonly orders: { readonly slow: boolean };
  readonly report: { readonly streams: number; readonly bytes: number };
  readonly workerAnswers: {
    readonly whoAmI: { readonly ask: string; readonly answer: { readonly asked: string; readonly worker: number } };
    readonly fail: { readonly ask: null; readonly answer: null };
  };
  readonly nodeAnswers: {
    readonly where: { readonly ask: string; readonly answer: { readonly here: boolean } };
    readonly who: { readonly ask: null; readonly answer: string };
  };
}

function setUp(make: (options: unknown) => void = () => {}) {
  const events = new EventEmitter();
  const sent: FromWorker<Contract>[] = [];
  const codes: number[] = [];
  const accepted: Duplex[] = [];
  const stopped = Promise.withResolvers<void>();
  let context: WorkerContext<Contract> | undefined;
  const channel: WorkerChannel<Contract> = Object.assign(events, {
    send(message: FromWorker<Contract>, onSent: (error: Error | null) => void): boolean {
      sent.push(message);
      onSent(null);
      return true;
    },
  });
  const clock = new FakeClock();
  const carried = { streams: 0, bytes: 0 };
  const obeyed: Contract["orders"][] = [];
  const idleSince = new Map<Duplex, number>();
  serveWorker(
    { channel, clock },
    async (options, given) => {
      make(options);
      context = given;
      return {
        accept: (raw) => void accepted.push(raw),
        idleSinceMs: (raw) => idleSince.get(raw),
        giveWay: (raw) => idleSince.delete(raw),
        get report() {
          return { ...carried };
        },
        obey: (orders) => void obeyed.push(orders),
        answers: {
          whoAmI: async (asked) => {
            carried.bytes += 1;
            return { asked, worker: given.worker };
          },
          fail: () => Promise.reject(new BywayError("ERR_CONFIG_VALUE", "no such list")),
        },
        stop: () => stopped.promise,
      };
    },
    (code) => void codes.push(code),
  );
  const hear = (message: ToWorker<Contract>, socket?: Socket): void => void events.emit("message", message, socket);
  const start = async (options: unknown, worker = 1): Promise<void> => {
    hear({ kind: "start", worker, options });
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    clock,
    carried,
    obeyed,
    idleSince,
    events,
    sent,
    codes,
    accepted,
    stopped,
    hear,
    start,
    load: () => context?.load(),
    context: () => context ?? assert.fail("the worker has not started"),
  };
}

test("a worker serves what it is handed and tells when that is closed", async () => {
  const { sent, accepted, hear, start, load } = setUp((options) => assert.deepEqual(options, { some: 1 }));
  await start({ some: 1 });
  const report = { kind: "report", report: { streams: 0, bytes: 0 } };
  assert.deepEqual(sent, [report, { kind: "ready" }]);
  const socket = new Socket();
  hear({ kind: "link", link: 7 }, socket);
  assert.deepEqual(accepted, [socket]);
  socket.destroy();
  await once(socket, "close");
  // A connection that ended on its way comes without a socket.
  hear({ kind: "link", link: 8 });
  assert.deepEqual(sent.slice(2), [
    { kind: "taken", link: 7 },
    { kind: "closed", link: 7 },
    { kind: "closed", link: 8 },
  ]);
  assert.equal(load(), 0);
  hear({ kind: "load", load: 0.4 });
  assert.equal(load(), 0.4);
});

for (const [what, ask] of Object.entries({
  "its node says so": ({ hear }: ReturnType<typeof setUp>): void => hear({ kind: "stop" }),
  "its node is gone": ({ events }: ReturnType<typeof setUp>): void => void events.emit("disconnect"),
})) {
  test(`a worker ends once its service has stopped, when ${what}`, async () => {
    const site = setUp();
    await site.start({});
    ask(site);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(site.codes, []);
    site.stopped.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(site.codes, [0]);
  });
}

test("a worker whose node is gone does not wait for ever, nor for a service that it has not", async () => {
  const slow = setUp();
  await slow.start({});
  slow.events.emit("disconnect");
  slow.clock.advance(WORKERS_LIMITS.stopMs.value);
  assert.deepEqual(slow.codes, [0]);
  const idle = setUp();
  idle.events.emit("disconnect");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(idle.codes, [0]);
});

test("a worker that fails says why and ends", async () => {
  const failing = setUp(() => {
    throw new BywayError("ERR_CONFIG_VALUE", "no such thing");
  });
  await failing.start({});
  assert.deepEqual(failing.sent, [{ kind: "failed", code: "ERR_CONFIG_VALUE", message: "no such thing" }]);
  assert.deepEqual(failing.codes, [70]);

  const { events, sent, codes } = setUp();
  events.emit("uncaughtException", new TypeError("odd"));
  assert.deepEqual(sent, [{ kind: "failed", code: "ERR_INTERNAL", message: "odd" }]);
  assert.deepEqual(codes, [70]);
});

test("a worker tells how it fares at its start and once a second, where that has changed", async () => {
  const { clock, carried, sent, start } = setUp();
  await start({});
  const told = (): readonly unknown[] => sent.flatMap((message) => (message.kind === "report" ? [message.report] : []));
  clock.advance(10 * WORKERS_LIMITS.reportMs.value);
  assert.deepEqual(told(), [{ streams: 0, bytes: 0 }]);
  carried.bytes = 500;
  clock.advance(WORKERS_LIMITS.reportMs.value);
  carried.streams = 2;
  clock.advance(5 * WORKERS_LIMITS.reportMs.value);
  assert.deepEqual(told().slice(1), [
    { streams: 0, bytes: 500 },
    { streams: 2, bytes: 500 },
  ]);
});

test("a worker goes by what it is told, and answers what it is asked", async () => {
  const { obeyed, sent, hear, start } = setUp();
  await start({}, 3);
  hear({ kind: "orders", orders: { slow: true } });
  assert.deepEqual(obeyed, [{ slow: true }]);
  hear({ kind: "ask", question: 7, name: "whoAmI", asked: "you" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent.slice(-2), [
    { kind: "report", report: { streams: 0, bytes: 1 } },
    { kind: "answer", question: 7, answer: { asked: "you", worker: 3 } },
  ]);
});

test("a worker that fails to answer says why and ends", async () => {
  const { sent, codes, hear, start } = setUp();
  await start({});
  hear({ kind: "ask", question: 7, name: "fail", asked: null });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent.slice(-2), [
    { kind: "failed", code: "ERR_CONFIG_VALUE", message: "no such list" },
    { kind: "answer", question: 7, answer: undefined },
  ]);
  assert.deepEqual(codes, [70]);
});

test("a worker asks its node, and hears nothing of questions that nobody can answer", async () => {
  const { sent, hear, start, context } = setUp();
  await start({});
  const { ask } = context();
  const [answered, unanswered] = [ask("where", "inside"), ask("who", null)];
  assert.deepEqual(sent.slice(-2), [
    { kind: "ask", question: 1, name: "where", asked: "inside" },
    { kind: "ask", question: 2, name: "who", asked: null },
  ]);
  hear({ kind: "answer", question: 2 });
  hear({ kind: "answer", question: 1, answer: { here: true } });
  assert.deepEqual(await answered, { here: true });
  assert.equal(await unanswered, undefined);
});

test("a worker closes a link to make room if it is idle, and says so at once", async () => {
  const { sent, idleSince, hear, start } = setUp();
  await start({});
  const [idle, busy] = [new Socket(), new Socket()];
  hear({ kind: "link", link: 1 }, idle);
  hear({ kind: "link", link: 2 }, busy);
  idleSince.set(idle, 5);
  for (const link of [1, 2, 3]) hear({ kind: "yield", link });
  assert.deepEqual(sent.slice(-3), [
    { kind: "yielded", link: 1, given: true },
    { kind: "yielded", link: 2, given: false },
    // It was closed on its way here.
    { kind: "yielded", link: 3, given: true },
  ]);
});

test("a worker tells which links are idle, by how long, while its node is crowded or waits for it, and not else", async () => {
  const { clock, sent, idleSince, hear, start } = setUp();
  await start({});
  const told = (): readonly unknown[] =>
    sent.splice(0).flatMap((message) => (message.kind === "uses" ? [message.links] : []));
  const sockets = [1, 2, 3].map((link) => {
    const socket = new Socket();
    hear({ kind: "link", link }, socket);
    return socket;
  });
  const [first, second, third] = sockets;
  assert.ok(first && second && third);
  idleSince.set(first, 30).set(second, 20);
  hear({ kind: "load", load: 0.8 });
  const pending = clock.pending;
  clock.advance(WORKERS_LIMITS.usesMs.value);
  assert.deepEqual(told(), []);
  hear({ kind: "load", load: 0.9 });
  // Link 3 is in use; 2 has been idle for longer than 1.
  assert.deepEqual(told(), [
    [
      [3, true],
      [2, false],
      [1, false],
    ],
  ]);
  clock.advance(WORKERS_LIMITS.usesMs.value);
  assert.deepEqual(told(), [], "nothing has changed");
  idleSince.set(second, 40).delete(first);
  clock.advance(WORKERS_LIMITS.usesMs.value);
  assert.deepEqual(told(), [
    [
      [1, true],
      [2, false],
    ],
  ]);
  hear({ kind: "load", load: 0.8 });
  idleSince.set(first, 50).set(third, 60);
  clock.advance(WORKERS_LIMITS.usesMs.value);
  assert.deepEqual(
    told(),
    [
      [
        [1, false],
        [3, false],
      ],
    ],
    "the node takes these for being in use",
  );
  idleSince.clear();
  clock.advance(10 * WORKERS_LIMITS.usesMs.value);
  assert.deepEqual(told(), []);
  assert.equal(clock.pending, pending);
});
