import assert from "node:assert/strict";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { ForkWorker, WorkerChild, WorkerEvents } from "../../src/workers/fork-worker.ts";
import type { FromWorker, ToWorker } from "../../src/workers/messages.ts";
import type { Answers } from "../../src/workers/question-channel.ts";
import { WorkerPool } from "../../src/workers/worker-pool.ts";

/** What such a process and its node say to each other. */
export interface FakeContract {
  readonly options: unknown;
  readonly orders: unknown;
  readonly report: unknown;
  readonly workerAnswers: { readonly reload: { readonly ask: null; readonly answer: unknown } };
  readonly nodeAnswers: { readonly where: { readonly ask: string; readonly answer: unknown } };
}

/** A process that does what the test says. */
export class FakeChild implements WorkerChild<FakeContract> {
  readonly workerNumber: number;
  readonly events: WorkerEvents<FakeContract>;
  readonly sent: ToWorker<FakeContract>[] = [];
  killed = false;

  constructor(workerNumber: number, events: WorkerEvents<FakeContract>) {
    this.workerNumber = workerNumber;
    this.events = events;
  }

  send(message: ToWorker<FakeContract>): void {
    this.sent.push(message);
  }

  kill(): void {
    this.killed = true;
    this.events.onExit("SIGKILL");
  }

  tell(message: FromWorker<FakeContract>): void {
    this.events.onMessage(message);
  }

  get links(): readonly number[] {
    return this.sent.flatMap((message) => (message.kind === "link" ? [message.link] : []));
  }
}

/** A pool, and what a test does to it. */
export interface FakeWorkers {
  readonly clock: FakeClock;
  /** All that were started, in this order. */
  readonly children: FakeChild[];
  /** What was logged, from warnings on. */
  readonly lines: string[];
  /** The last reports of those that ended. */
  readonly ended: unknown[];
  readonly pool: WorkerPool<FakeContract>;
  start(): Promise<void>;
  settle(): Promise<void>;
  newest(): FakeChild;
  failForks(value: boolean): void;
}

/** A pool of so many such processes. */
export function fakeWorkers(
  workers: number,
  gate: { admit(address: string): boolean } = { admit: () => true },
  answers: Answers<FakeContract["nodeAnswers"]> = { where: async () => undefined },
): FakeWorkers {
  const clock = new FakeClock();
  const children: FakeChild[] = [];
  const lines: string[] = [];
  let failing = false;
  const logger: Logger = {
    ...silentLogger,
    warn: (message) => void lines.push(`warn ${message}`),
    error: (message) => void lines.push(`error ${message}`),
  };
  const fork: ForkWorker<FakeContract> = (workerNumber, events) => {
    if (failing) throw new Error("EAGAIN");
    const child = new FakeChild(workerNumber, events);
    children.push(child);
    return child;
  };
  const ended: unknown[] = [];
  const onEnded = (report: unknown): void => void ended.push(report);
  const pool = new WorkerPool<FakeContract>({ clock, logger, fork, gate, onEnded, answers }, { workers });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const start = async (): Promise<void> => {
    const started = pool.start({ some: 1 });
    for (const child of children) child.tell({ kind: "ready" });
    await started;
    await settle();
  };
  const newest = (): FakeChild => children.at(-1) ?? assert.fail("no worker was started");
  return {
    clock,
    children,
    lines,
    ended,
    pool,
    start,
    settle,
    newest,
    failForks: (value) => {
      failing = value;
    },
  };
}
