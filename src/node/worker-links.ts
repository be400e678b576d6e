import type { Duplex } from "node:stream";
import type { ServingOrders } from "../operation/serving-orders.ts";
import { addReports, lastingCounts, NO_REPORT, type ServingReport } from "../operation/serving-report.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import { WorkerPool } from "../workers/worker-pool.ts";
import type { WorkerProcessComponents } from "../workers/worker-process.ts";
import type { HopAnswer, HopQuestion } from "./ask-node.ts";
import type { LinkService } from "./link-service.ts";
import type { LinkServiceOptions } from "./link-service-options.ts";

/** What a node and the processes that serve its links say to each other. */
export interface LinkWorker {
  readonly options: LinkServiceOptions;
  readonly orders: ServingOrders;
  readonly report: ServingReport;
  readonly workerAnswers: {
    /** Reads all blocklists again, and answers how each fared. */
    readonly reload: { readonly ask: null; readonly answer: ServingReport["blocklists"] };
  };
  readonly nodeAnswers: {
    readonly locateHop: { readonly ask: HopQuestion; readonly answer: HopAnswer };
  };
}

/** The link services of all workers, as if they were one. */
export class WorkerLinks implements LinkService {
  readonly #pool: WorkerPool<LinkWorker>;
  /** What is refused before a worker gets it. */
  readonly #refusals = new RefusalCounts();
  #gone: ServingReport = NO_REPORT;

  constructor(components: WorkerProcessComponents<LinkWorker>, options: { readonly workers: number }) {
    const onEnded = (report: ServingReport): void => {
      this.#gone = addReports(this.#gone, lastingCounts(report));
    };
    this.#pool = new WorkerPool({ ...components, onEnded, refusals: this.#refusals }, options);
  }

  /** Throws what a worker that does not come up reported; call `stop` then. */
  start(options: LinkServiceOptions): Promise<void> {
    return this.#pool.start(options);
  }

  accept(raw: Duplex): void {
    this.#pool.accept(raw);
  }

  get report(): ServingReport {
    const own = { ...NO_REPORT, refusals: this.#refusals.counts };
    return this.#pool.reports.reduce(addReports, addReports(own, this.#gone));
  }

  get takenShare(): number {
    return this.#pool.takenShare;
  }

  obey(orders: ServingOrders): void {
    this.#pool.obey(orders);
  }

  async reload(): Promise<ServingReport["blocklists"]> {
    const answers = await this.#pool.ask("reload", null);
    return answers.map((blocklists) => ({ ...NO_REPORT, blocklists })).reduce(addReports, NO_REPORT).blocklists;
  }

  stop(): Promise<void> {
    return this.#pool.stop();
  }
}
