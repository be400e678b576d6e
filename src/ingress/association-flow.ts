import { withAbort } from "../core/abort.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { FrontComponents } from "./front.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import type { DatagramFlow, StreamOpener, StreamRequest } from "./stream-opener.ts";

/** The components of a flow. */
export interface AssociationFlowComponents extends Pick<FrontComponents, "clock" | "logger"> {
  readonly opener: Pick<StreamOpener, "openDatagrams">;
}

/** Bytes of the datagrams of one association that wait for their flows to open. */
export interface PendingDatagrams {
  bytes: number;
}

/**
 * The datagrams of one association to one target.
 *
 *     opening (datagrams wait) ─► open ─► closed
 *            └─► failed (datagrams are dropped for a while) ─► closed
 */
export class AssociationFlow {
  /** Resolves when nothing of the flow is left. */
  readonly closed: Promise<void>;
  readonly #components: AssociationFlowComponents;
  readonly #pending: PendingDatagrams;
  readonly #stop = new AbortController();
  #waiting: Uint8Array[] = [];
  #flow: DatagramFlow | undefined;
  #failed = false;
  #lastUsedMs: number;

  /** `pending` is shared by all flows of the association. */
  constructor(
    components: AssociationFlowComponents,
    request: StreamRequest,
    pending: PendingDatagrams,
    onDatagram: (payload: Uint8Array) => void,
  ) {
    this.#components = components;
    this.#pending = pending;
    this.#lastUsedMs = components.clock.monotonicMs();
    this.closed = this.#run(request, onDatagram);
  }

  /** When the last datagram went either way, on the clock's monotonic time. */
  get lastUsedMs(): number {
    return this.#lastUsedMs;
  }

  send(payload: Uint8Array): void {
    this.#lastUsedMs = this.#components.clock.monotonicMs();
    if (this.#failed || this.#stop.signal.aborted) return;
    if (this.#flow !== undefined) this.#flow.send(payload);
    else this.#keep(payload);
  }

  #keep(payload: Uint8Array): void {
    const bytes = this.#pending.bytes + payload.length;
    if (this.#waiting.length >= INGRESS_LIMITS.maxPendingDatagrams.value) return;
    if (bytes > INGRESS_LIMITS.maxPendingDatagramBytes.value) return;
    this.#pending.bytes = bytes;
    this.#waiting.push(payload);
  }

  #takeWaiting(): readonly Uint8Array[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { length } of waiting) this.#pending.bytes -= length;
    return waiting;
  }

  close(): void {
    this.#stop.abort(new BywayError("ERR_ABORTED", "the UDP association let go of the target"));
    this.#flow?.close();
  }

  async #run(request: StreamRequest, onDatagram: (payload: Uint8Array) => void): Promise<void> {
    const { clock, logger, opener } = this.#components;
    const { signal } = this.#stop;
    try {
      const flow = await opener.openDatagrams(request, signal);
      if (signal.aborted) flow.close();
      this.#flow = flow;
      flow.onDatagram = (payload) => {
        this.#lastUsedMs = clock.monotonicMs();
        onDatagram(payload);
      };
      for (const payload of this.#takeWaiting()) flow.send(payload);
      await flow.closed;
    } catch (error) {
      this.#failed = true;
      this.#takeWaiting();
      logger.debug("datagrams to a target are dropped", { code: toBywayError(error).code });
      await this.#hold();
    }
  }

  /** Waits for a while or until the flow is closed. */
  async #hold(): Promise<void> {
    const over = Promise.withResolvers<void>();
    using _timer = this.#components.clock.after(INGRESS_LIMITS.failedFlowHoldMs.value, over.resolve);
    await withAbort(over.promise, this.#stop.signal).catch(() => {});
  }
}
