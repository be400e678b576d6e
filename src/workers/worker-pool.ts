import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Timer } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { ConnectionGate } from "../link/connection-gate.ts";
import { LinkPlaces } from "../link/link-places.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import { WORKERS_LIMITS } from "./limits.ts";
import type { WorkerContract } from "./messages.ts";
import { WorkerProcess, type WorkerProcessComponents } from "./worker-process.ts";

/** What workers are made of. */
export interface WorkerPoolComponents<C extends WorkerContract> extends WorkerProcessComponents<C> {
  /** Gets the last report of a worker that ended. */
  readonly onEnded?: ((report: C["report"]) => void) | undefined;
  readonly refusals?: RefusalCounts | undefined;
  /** Holds back floods before anything is passed on; one of its own when absent. */
  readonly gate?: Pick<ConnectionGate, "admit"> | undefined;
}

/**
 * The workers of a node: hands each connection to the one with the fewest, and replaces one that ends.
 *
 * The bounds on links are kept here, so they hold for the node as a whole.
 */
export class WorkerPool<C extends WorkerContract> {
  readonly #components: WorkerPoolComponents<C>;
  readonly #size: number;
  readonly #gate: Pick<ConnectionGate, "admit">;
  readonly #places: LinkPlaces;
  readonly #workers = new Map<number, WorkerProcess<C>>();
  readonly #restarts = new Map<number, Timer>();
  #startOptions: C["options"] | undefined;
  #orders: C["orders"] | undefined;
  #toldLoad = 0;
  /** Answers of a link that was asked, in this very call, to give way; settles when its place is free or it is in use. */
  readonly #asked: Promise<void>[] = [];
  #stopped = false;

  /** `workers` is how many there shall be. */
  constructor(components: WorkerPoolComponents<C>, options: { readonly workers: number }) {
    this.#components = components;
    this.#size = options.workers;
    this.#gate = components.gate ?? new ConnectionGate(components);
    this.#places = new LinkPlaces(undefined, components.refusals);
  }

  /**
   * Starts all workers, each with `startOptions`, and settles when they serve.
   * Throws ERR_WORKER or what a worker reported when one does not come up; call `stop` then.
   */
  async start(startOptions: C["options"]): Promise<void> {
    this.#startOptions = startOptions;
    const numbers = Array.from({ length: this.#size }, (_, index) => index + 1);
    const workers = numbers.map((workerNumber) => ({ workerNumber, worker: this.#open(workerNumber) }));
    await Promise.all(workers.map(({ worker }) => worker.ready));
    for (const { workerNumber, worker } of workers) this.#watch(workerNumber, worker, 0);
  }

  /** What the services of all workers last told of themselves. */
  get reports(): readonly C["report"][] {
    return [...this.#workers.values()].flatMap(({ report }) => (report === undefined ? [] : [report]));
  }

  /** Tells all workers, and those that replace them, what to obey. */
  obey(orders: C["orders"]): void {
    this.#orders = orders;
    for (const worker of this.#workers.values()) if (worker.serves) worker.obey(orders);
  }

  /** Asks all workers and settles with their answers, without those of workers that ended before. */
  async ask<Name extends keyof C["workerAnswers"]>(
    name: Name,
    asked: C["workerAnswers"][Name]["ask"],
  ): Promise<readonly C["workerAnswers"][Name]["answer"][]> {
    const serving = [...this.#workers.values()].filter(({ serves }) => serves);
    const answers = await Promise.all(serving.map((worker) => worker.ask(name, asked)));
    return answers.filter((answer) => answer !== undefined);
  }

  /** Share of the places for links that is taken, 0 to 1. */
  get takenShare(): number {
    return this.#places.takenShare;
  }

  /** Passes a TCP connection that nobody has read from to a worker, or ends it where there is no place for it. */
  accept(raw: Duplex): void {
    raw.on("error", () => {});
    if (raw instanceof Socket && !this.#gate.admit(raw.remoteAddress ?? "")) {
      abortStream(raw);
      return;
    }
    if (raw instanceof Socket) this.#pass(raw, WORKERS_LIMITS.yieldTries.value);
    else raw.destroy();
  }

  /** Ends all workers and settles when their processes are gone. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#restarts.values()) timer.cancel();
    this.#restarts.clear();
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
  }

  /** Where all places are taken, the connection waits, unread, until the link that should give way has. */
  #pass(raw: Socket, tries: number): void {
    const worker = this.#leastLoaded();
    if (worker === undefined || raw.destroyed) {
      raw.destroy();
      return;
    }
    const place = this.#places.take(raw.remoteAddress ?? "", () => {
      // It is not asked again before the worker says that it is idle.
      place?.use(true);
      const answered = yieldLink?.().then((given) => {
        if (given) place?.release();
      });
      if (answered !== undefined) this.#asked.push(answered);
    });
    if (place === undefined) {
      const asked = this.#asked.pop();
      if (asked === undefined || tries === 0) raw.destroy();
      else void asked.then(() => this.#pass(raw, tries - 1));
      return;
    }
    const release = (): void => {
      place.release();
      this.#tellLoad();
    };
    const yieldLink: (() => Promise<boolean>) | undefined = worker.pass(raw, { use: place.use, release });
    this.#tellLoad();
  }

  #open(workerNumber: number): WorkerProcess<C> {
    const worker = new WorkerProcess(this.#components, workerNumber, this.#startOptions);
    this.#workers.set(workerNumber, worker);
    void worker.gone.then(() => {
      this.#workers.delete(workerNumber);
      if (worker.report !== undefined) this.#components.onEnded?.(worker.report);
    });
    worker.ready.then(
      () => {
        worker.tellLoad(this.#toldLoad);
        if (this.#orders !== undefined) worker.obey(this.#orders);
      },
      () => {},
    );
    return worker;
  }

  /** Replaces `worker` when it ends; `failures` is how often its number has ended without serving steadily. */
  #watch(workerNumber: number, worker: WorkerProcess<C>, failures: number): void {
    const { clock, logger } = this.#components;
    const startedMs = clock.monotonicMs();
    void worker.gone.then((reason) => {
      if (this.#stopped) return;
      const wasSteady = clock.monotonicMs() - startedMs >= WORKERS_LIMITS.steadyMs.value;
      this.#replace(workerNumber, wasSteady ? 0 : failures);
      logger.warn("a worker ended, and its links with it; another takes its place", {
        worker: workerNumber,
        reason: reason.message,
      });
    });
  }

  #replace(workerNumber: number, failures: number): void {
    const { clock, logger } = this.#components;
    const delayMs = Math.min(WORKERS_LIMITS.restartMaxMs.value, WORKERS_LIMITS.restartMs.value * 2 ** failures);
    const restart = (): void => {
      this.#restarts.delete(workerNumber);
      try {
        this.#watch(workerNumber, this.#open(workerNumber), failures + 1);
      } catch (cause) {
        // fork itself fails where the machine is out of processes or memory.
        logger.error("a worker cannot be started", { worker: workerNumber, reason: toBywayError(cause).message });
        this.#replace(workerNumber, failures + 1);
      }
    };
    this.#restarts.set(workerNumber, clock.after(delayMs, restart));
  }

  #leastLoaded(): WorkerProcess<C> | undefined {
    let least: WorkerProcess<C> | undefined;
    for (const worker of this.#workers.values()) {
      if (worker.serves && worker.links < (least?.links ?? Number.POSITIVE_INFINITY)) least = worker;
    }
    return this.#stopped ? undefined : least;
  }

  #tellLoad(): void {
    const { load } = this.#places;
    if (load === this.#toldLoad) return;
    this.#toldLoad = load;
    for (const worker of this.#workers.values()) if (worker.serves) worker.tellLoad(load);
  }
}
