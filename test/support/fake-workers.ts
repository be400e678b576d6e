import assert from "node:assert/strict";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { ForkWorker, WorkerChild, WorkerEvents } from "../../src/workers/fork-worker.ts";
import type { FromWorker, ToWorker } from "../../src/workers/messages.ts";
import { WorkerPool } from "../../src/workers/worker-pool.ts";

/** A process that does what the test says. */
export class FakeChild implements WorkerChild {
  readonly workerNumber: number;
  readonly events: WorkerEvents;
  readonly sent: ToWorker[] = [];
  killed = false;

  constructor(workerNumber: number, events: WorkerEvents) {
    this.workerNumber = workerNumber;
    this.events = events;
  }

  send(message: ToWorker): void {
    this.sent.push(message);
  }

  kill(): void {
    this.killed = true;
    this.events.onExit("SIGKILL");
  }

  tell(message: FromWorker): void {
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
  readonly pool: WorkerPool;
  start(): Promise<void>;
  settle(): Promise<void>;
  newest(): FakeChild;
  failForks(value: boolean): void;
}

/** A pool of so many such processes. */
export function fakeWorkers(
  workers: number,
  gate: { admit(address: string): boolean } = { admit: () => true },
  answer?: (asked: unknown) => Promise<unknown>,
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
  const fork: ForkWorker = (workerNumber, events) => {
    if (failing) throw new Error("EAGAIN");
    const child = new FakeChild(workerNumber, events);
    children.push(child);
    return child;
  };
  const ended: unknown[] = [];
  const onEnded = (report: unknown): void => void ended.push(report);
  const pool = new WorkerPool({ clock, logger, fork, gate, onEnded, answer }, { workers });
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
