import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { ServingOrders } from "../operation/serving-orders.ts";
import { addReports, lastingCounts, NO_REPORT, type ServingReport } from "../operation/serving-report.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import type { ForkWorker } from "../workers/fork-worker.ts";
import { WorkerPool } from "../workers/worker-pool.ts";
import type { AnswerWorker } from "../workers/worker-process.ts";
import type { LinkService } from "./link-service.ts";

/** The link services of all workers, as if they were one. */
export class WorkerLinks implements LinkService {
  readonly #pool: WorkerPool;
  /** What is refused before a worker gets it. */
  readonly #refusals = new RefusalCounts();
  #gone: ServingReport = NO_REPORT;

  constructor(
    components: { clock: Clock; logger: Logger; fork: ForkWorker; answer?: AnswerWorker | undefined },
    options: { readonly workers: number },
  ) {
    const onEnded = (report: unknown): void => {
      this.#gone = addReports(this.#gone, lastingCounts(report as ServingReport));
    };
    this.#pool = new WorkerPool({ ...components, onEnded, refusals: this.#refusals }, options);
  }

  /** Throws what a worker that does not come up reported; call `stop` then. */
  start(options: unknown): Promise<void> {
    return this.#pool.start(options);
  }

  accept(raw: Duplex): void {
    this.#pool.accept(raw);
  }

  get report(): ServingReport {
    const own = { ...NO_REPORT, refusals: this.#refusals.counts };
    return this.#pool.reports.map((report) => report as ServingReport).reduce(addReports, addReports(own, this.#gone));
  }

  get takenShare(): number {
    return this.#pool.takenShare;
  }

  obey(orders: ServingOrders): void {
    this.#pool.obey(orders);
  }

  async reload(): Promise<ServingReport["blocklists"]> {
    const answers = await this.#pool.ask("reload");
    return answers
      .map((blocklists) => ({ ...NO_REPORT, blocklists: blocklists as ServingReport["blocklists"] }))
      .reduce(addReports, NO_REPORT).blocklists;
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }
}
