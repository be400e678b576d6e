import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { addReports, afterEnd, type EndReport, NO_REPORT } from "../operation/end-report.ts";
import type { ServingOrders } from "../operation/serving-orders.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import type { ForkWorker } from "../workers/fork-worker.ts";
import { WorkerPool } from "../workers/worker-pool.ts";
import type { AnswerWorker } from "../workers/worker-process.ts";
import type { LinkEnd } from "./link-end.ts";

/** The ends of links in all workers, as if they were one. */
export class PooledEnds implements LinkEnd {
  readonly #pool: WorkerPool;
  /** What is refused before a worker gets it. */
  readonly #refusals = new RefusalCounts();
  #ended: EndReport = NO_REPORT;

  constructor(
    components: { clock: Clock; logger: Logger; fork: ForkWorker; answer?: AnswerWorker | undefined },
    options: { readonly workers: number },
  ) {
    const onEnded = (report: unknown): void => {
      this.#ended = addReports(this.#ended, afterEnd(report as EndReport));
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

  get report(): EndReport {
    const own = { ...NO_REPORT, refusals: this.#refusals.counts };
    return this.#pool.reports.map((report) => report as EndReport).reduce(addReports, addReports(own, this.#ended));
  }

  get takenShare(): number {
    return this.#pool.takenShare;
  }

  obey(orders: ServingOrders): void {
    this.#pool.obey(orders);
  }

  async reload(): Promise<EndReport["blocklists"]> {
    const answers = await this.#pool.ask("reload");
    return answers
      .map((blocklists) => ({ ...NO_REPORT, blocklists: blocklists as EndReport["blocklists"] }))
      .reduce(addReports, NO_REPORT).blocklists;
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }
}
