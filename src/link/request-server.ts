import { type BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import type { IncomingStream } from "./incoming-stream.ts";
import { RequestRoom } from "./request-room.ts";
import { type RequestRow, RequestTable } from "./request-table.ts";

/** What answers the requests on all links of a server. */
export interface RequestServerComponents {
  readonly logger: Logger;
  /** What the node serves. A node that lacks a role has no row for it. */
  readonly requests: readonly RequestRow[];
  /** Why nothing new is served at the moment; undefined while it is. Asked for each request. */
  readonly refusal?: (() => BywayError | undefined) | undefined;
  readonly refusals?: RefusalCounts | undefined;
}

/** Answers each request by the table, or with the error that its service throws. */
export class RequestServer {
  readonly #components: RequestServerComponents;
  readonly #table: RequestTable;
  readonly #room = new RequestRoom();
  #serving = 0;

  constructor(components: RequestServerComponents) {
    this.#components = components;
    this.#table = new RequestTable(components.requests);
  }

  /** Requests of which the service is not over. */
  get serving(): number {
    return this.#serving;
  }

  /** Serves a request whose header list has so many `bytes`. Never rejects. */
  async answer(incoming: IncomingStream, bytes: number): Promise<void> {
    const { logger, refusal, refusals } = this.#components;
    this.#serving += 1;
    try {
      incoming.onAnswered(this.#room.take(incoming.link, bytes));
      const served = this.#table.serve(incoming, refusal?.());
      // A service reads what it needs before it waits for anything.
      incoming.dropHeaders();
      await served;
    } catch (error) {
      const answered = toBywayError(error);
      if (answered.code === "ERR_INTERNAL") logger.error("a request failed unexpectedly", { error: answered });
      if (typeof answered.data.by === "string") refusals?.count(answered.data.by);
      incoming.refuse(answered);
    } finally {
      this.#serving -= 1;
    }
  }
}
