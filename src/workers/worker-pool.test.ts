import assert from "node:assert/strict";
import { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { type FakeChild, fakeWorkers as setUp } from "../../test/support/fake-workers.ts";
import { LINK_LIMITS } from "../link/limits.ts";
import { WORKERS_LIMITS } from "./limits.ts";

const { restartMs, restartMaxMs, steadyMs, startMs, stopMs, takeMs } = WORKERS_LIMITS;

test("each connection goes to the worker with the fewest", async () => {
  const { pool, children, start } = setUp(2);
  await start();
  const [first, second] = children;
  assert.deepEqual(first?.sent[0], { kind: "start", worker: 1, options: { some: 1 } });
  for (let n = 0; n < 4; n += 1) pool.accept(new Socket());
  assert.deepEqual(
    [first?.links, second?.links],
    [
      [1, 2],
      [1, 2],
    ],
  );
  second?.tell({ kind: "closed", link: 1 });
  second?.tell({ kind: "closed", link: 2 });
  pool.accept(new Socket());
  pool.accept(new Socket());
  assert.deepEqual(
    [first?.links, second?.links],
    [
      [1, 2],
      [1, 2, 3, 4],
    ],
  );
});

test("the node's copy of a connection is closed once the worker has it, or is gone", async () => {
  const { pool, children, start } = setUp(1);
  await start();
  const [taken, waiting] = [new Socket(), new Socket()];
  pool.accept(taken);
  pool.accept(waiting);
  children[0]?.tell({ kind: "taken", link: 1 });
  assert.deepEqual([taken.destroyed, waiting.destroyed], [true, false]);
  children[0]?.events.onExit("SIGKILL");
  assert.ok(waiting.destroyed);
});

test("a worker that takes nothing is killed, one that is slow is not", async () => {
  const { clock, pool, children, start } = setUp(1);
  await start();
  const [worker] = children;
  for (let n = 0; n < 3; n += 1) pool.accept(new Socket());
  clock.advance(takeMs.value - 1);
  worker?.tell({ kind: "taken", link: 1 });
  clock.advance(takeMs.value - 1);
  worker?.tell({ kind: "taken", link: 2 });
  worker?.tell({ kind: "taken", link: 3 });
  clock.advance(2 * takeMs.value);
  assert.equal(worker?.killed, false);
  pool.accept(new Socket());
  clock.advance(takeMs.value);
  assert.equal(worker?.killed, true);
  assert.equal(clock.pending, 0);
});

test("a worker that hangs after it took one of several connections is killed", async () => {
  const { clock, pool, children, start } = setUp(1);
  await start();
  const [worker] = children;
  for (let n = 0; n < 3; n += 1) pool.accept(new Socket());
  worker?.tell({ kind: "taken", link: 1 });
  clock.advance(takeMs.value - 1);
  assert.equal(worker?.killed, false);
  clock.advance(1);
  assert.equal(worker?.killed, true);
});

test("a connection that no worker can take is ended", async () => {
  const { pool, start } = setUp(2);
  const early = new Socket();
  pool.accept(early);
  assert.ok(early.destroyed);
  await start();
  // Only a TCP connection can go to another process.
  const pipe = new PassThrough();
  pool.accept(pipe);
  assert.ok(pipe.destroyed);
  const stopping = pool.stop();
  const late = new Socket();
  pool.accept(late);
  assert.ok(late.destroyed);
  void stopping;
});

test("the node's bound on links holds over all workers, which are told the load", async () => {
  const { pool, children, start } = setUp(4);
  await start();
  for (let n = 0; n < LINK_LIMITS.links.value; n += 1) pool.accept(new Socket());
  const over = new Socket();
  pool.accept(over);
  assert.ok(over.destroyed);
  const loads = (child: FakeChild | undefined): readonly number[] =>
    child?.sent.flatMap((message) => (message.kind === "load" ? [message.load] : [])) ?? [];
  assert.deepEqual(loads(children[3]), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  children[0]?.events.onExit("SIGSEGV");
  assert.equal(loads(children[3]).at(-1), 0.8);
  const next = new Socket();
  pool.accept(next);
  assert.ok(!next.destroyed);
});

test("what comes too fast is refused before a worker hears of it", async () => {
  let open = 2;
  const { pool, children, start } = setUp(1, { admit: () => open-- > 0 });
  await start();
  const sockets = [new Socket(), new Socket(), new Socket()];
  for (const socket of sockets) pool.accept(socket);
  assert.deepEqual(
    sockets.map(({ destroyed }) => destroyed),
    [false, false, true],
  );
  assert.equal(children[0]?.links.length, 2);
});

test("a worker that ends is replaced, each time after twice as long, until it has served steadily", async () => {
  const { clock, children, lines, start, settle, newest } = setUp(2);
  await start();
  for (const delayMs of [1, 2, 4, 8].map((factor) => factor * restartMs.value)) {
    const before = children.length;
    newest().events.onExit("SIGSEGV");
    await settle();
    clock.advance(delayMs - 1);
    assert.equal(children.length, before);
    clock.advance(1);
    assert.equal(children.length, before + 1);
    assert.equal(newest().workerNumber, 2);
  }
  assert.deepEqual(lines, Array(4).fill("warn a worker ended, and its links with it; another takes its place"));
  for (let n = 0; n < 12; n += 1) {
    newest().events.onExit("SIGSEGV");
    await settle();
    clock.advance(restartMaxMs.value);
  }
  assert.equal(children.length, 18);
  newest().tell({ kind: "ready" });
  clock.advance(steadyMs.value);
  newest().events.onExit("SIGSEGV");
  await settle();
  clock.advance(restartMs.value);
  assert.equal(children.length, 19);
});

test("where the system has no process to give, it is asked again later", async () => {
  const { clock, children, lines, start, settle, failForks } = setUp(2);
  await start();
  failForks(true);
  children[0]?.events.onExit("SIGKILL");
  await settle();
  clock.advance(restartMs.value);
  assert.equal(lines.at(-1), "error a worker cannot be started");
  failForks(false);
  clock.advance(2 * restartMs.value);
  assert.equal(children.length, 3);
});

test("a worker that does not come up is killed, and the node does not start", async () => {
  const { clock, pool, children } = setUp(2);
  const started = pool.start({});
  children[0]?.tell({ kind: "ready" });
  clock.advance(startMs.value);
  assert.ok(children[1]?.killed);
  assert.ok(!children[0]?.killed);
  await assert.rejects(started, { code: "ERR_WORKER" });
});

test("what a worker reports is why the node does not start", async () => {
  const { pool, children } = setUp(2);
  const started = pool.start({});
  children[0]?.tell({ kind: "failed", code: "ERR_CONFIG_VALUE", message: "no such thing" });
  children[0]?.events.onExit("exit code 70");
  await assert.rejects(started, { code: "ERR_CONFIG_VALUE", message: "no such thing" });
});

test("stop settles when all are gone, and kills those that take too long", async () => {
  const { clock, pool, children, start, settle } = setUp(2);
  await start();
  let isStopped = false;
  const stopping = pool.stop().then(() => {
    isStopped = true;
  });
  assert.deepEqual(
    children.map((child) => child.sent.at(-1)),
    [{ kind: "stop" }, { kind: "stop" }],
  );
  children[0]?.events.onExit("exit code 0");
  await settle();
  assert.ok(!isStopped);
  clock.advance(stopMs.value);
  await stopping;
  assert.deepEqual(
    children.map((child) => child.killed),
    [false, true],
  );
  assert.equal(clock.pending, 0);
});

test("a pool that stops starts nothing any more", async () => {
  const { clock, pool, children, start, settle } = setUp(2);
  await start();
  children[0]?.events.onExit("SIGKILL");
  await settle();
  const stopping = pool.stop();
  children[1]?.events.onExit("exit code 0");
  await stopping;
  clock.advance(restartMaxMs.value);
  assert.equal(children.length, 2);
  assert.equal(clock.pending, 0);
});

test("each worker's report is kept while it lives, and the last one is handed over when it ends", async () => {
  const { pool, children, ended, start, settle } = setUp(2);
  await start();
  children[0]?.tell({ kind: "report", report: { streams: 3 } });
  children[1]?.tell({ kind: "report", report: { streams: 2 } });
  assert.deepEqual(pool.reports, [{ streams: 3 }, { streams: 2 }]);
  children[0]?.events.onExit("SIGKILL");
  await settle();
  assert.deepEqual([pool.reports, ended], [[{ streams: 2 }], [{ streams: 3 }]]);
  assert.equal(pool.takenShare, 0);
});

test("orders reach all workers, and one that comes later; answers of workers that end are left out", async () => {
  const { clock, pool, children, start, settle } = setUp(2);
  await start();
  pool.obey({ slow: true });
  const orders = (child: FakeChild | undefined): readonly unknown[] =>
    child?.sent.flatMap((message) => (message.kind === "orders" ? [message.orders] : [])) ?? [];
  assert.deepEqual([orders(children[0]), orders(children[1])], [[{ slow: true }], [{ slow: true }]]);
  const answers = pool.ask("reload", null);
  children[1]?.tell({ kind: "answer", question: 1, answer: { done: true } });
  children[0]?.events.onExit("SIGKILL");
  assert.deepEqual(await answers, [{ done: true }]);
  await settle();
  clock.advance(restartMs.value);
  children[2]?.tell({ kind: "ready" });
  await settle();
  assert.deepEqual(orders(children[2]), [{ slow: true }]);
});

test("what a worker asks is answered, if need be with nothing", async () => {
  const answers = (child: FakeChild | undefined): readonly unknown[] =>
    child?.sent.flatMap((message) => (message.kind === "answer" ? [[message.question, message.answer]] : [])) ?? [];
  const { children, start, settle } = setUp(1, undefined, {
    where: async (asked) => {
      if (asked === "odd") throw new Error("odd");
      return { asked };
    },
  });
  await start();
  children[0]?.tell({ kind: "ask", question: 7, name: "where", asked: "inside" });
  children[0]?.tell({ kind: "ask", question: 8, name: "where", asked: "odd" });
  await settle();
  assert.deepEqual(answers(children[0]), [
    [7, { asked: "inside" }],
    [8, undefined],
  ]);
});
