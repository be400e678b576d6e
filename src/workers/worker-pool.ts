import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { LinkPlaces } from "../link/link-places.ts";
import type { LinkUsage } from "../link/link-server.ts";
import type { ForkWorker } from "./fork-worker.ts";
import { WORKERS_LIMITS } from "./limits.ts";
import { WorkerProcess } from "./worker-process.ts";

/** What workers are made of. */
export interface WorkerPoolComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fork: ForkWorker;
}

/**
 * The workers of a node: hands each connection to the one with the fewest, and replaces one that ends.
 *
 * The bounds on links are kept here, so they hold for the node as a whole.
 */
export class WorkerPool {
  readonly #components: WorkerPoolComponents;
  readonly #size: number;
  readonly #places = new LinkPlaces();
  readonly #workers = new Map<number, WorkerProcess>();
  readonly #restarts = new Map<number, Timer>();
  /** Carried by workers that have ended. */
  #bytesBefore = 0;
  #startOptions: unknown;
  #toldLoad = 0;
  #stopped = false;

  /** `workers` is how many there shall be. */
  constructor(components: WorkerPoolComponents, options: { readonly workers: number }) {
    this.#components = components;
    this.#size = options.workers;
  }

  /**
   * Starts all workers, each with `startOptions` (plain JSON values), and settles when they serve.
   * Throws ERR_WORKER or what a worker reported when one does not come up; call `stop` then.
   */
  async start(startOptions: unknown): Promise<void> {
    this.#startOptions = startOptions;
    const numbers = Array.from({ length: this.#size }, (_, index) => index + 1);
    const workers = numbers.map((workerNumber) => ({ workerNumber, worker: this.#open(workerNumber) }));
    await Promise.all(workers.map(({ worker }) => worker.ready));
    for (const { workerNumber, worker } of workers) this.#watch(workerNumber, worker, 0);
  }

  /** What the links of all workers carry. */
  get usage(): LinkUsage {
    let streams = 0;
    let bytes = this.#bytesBefore;
    for (const { usage } of this.#workers.values()) {
      streams += usage.streams;
      bytes += usage.bytes;
    }
    return { streams, bytes };
  }

  /** Share of the places for links that is taken, 0 to 1. */
  get takenShare(): number {
    return this.#places.takenShare;
  }

  /** Passes a TCP connection that nobody has read from to a worker, or ends it where there is no place for it. */
  accept(raw: Duplex): void {
    raw.on("error", () => {});
    const worker = this.#leastLoaded();
    const isPassable = raw instanceof Socket && !raw.destroyed;
    const release = worker === undefined || !isPassable ? undefined : this.#places.take(raw.remoteAddress ?? "");
    if (worker === undefined || !isPassable || release === undefined) {
      raw.destroy();
      return;
    }
    worker.pass(raw, () => {
      release();
      this.#tellLoad();
    });
    this.#tellLoad();
  }

  /** Ends all workers and settles when their processes are gone. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#restarts.values()) timer.cancel();
    this.#restarts.clear();
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
  }

  #open(workerNumber: number): WorkerProcess {
    const worker = new WorkerProcess(this.#components, workerNumber, this.#startOptions);
    this.#workers.set(workerNumber, worker);
    void worker.gone.then(() => {
      this.#workers.delete(workerNumber);
      this.#bytesBefore += worker.usage.bytes;
    });
    worker.ready.then(
      () => worker.tellLoad(this.#toldLoad),
      () => {},
    );
    return worker;
  }

  /** Replaces `worker` when it ends; `failures` is how often its number has ended without serving steadily. */
  #watch(workerNumber: number, worker: WorkerProcess, failures: number): void {
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

  #leastLoaded(): WorkerProcess | undefined {
    let least: WorkerProcess | undefined;
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
