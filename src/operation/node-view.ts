import type { Clock, Timer } from "../core/clock.ts";
import { exitClosure } from "./exit-closure.ts";
import type { HealthFacts, HealthSettings } from "./health-facts.ts";
import { healthWarnings } from "./health-table.ts";
import type { NodeOperations, NodeStatus } from "./node-status.ts";

const DRAIN_LOOK_MS = 1_000;

/** What changes by itself while a node runs. */
export interface NodeLife
  extends Pick<
    NodeStatus,
    | "endpoint"
    | "seenAddresses"
    | "reachable"
    | "links"
    | "streams"
    | "streamsOpened"
    | "failedProofs"
    | "load"
    | "bytesPerSecond"
    | "blocklists"
    | "log"
    | "clockOff"
    | "sameKey"
    | "contradicted"
  > {
  /** Since the start, by what refused. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** The parts of a node that its operator sees and steers. */
export interface NodeViewComponents {
  readonly clock: Clock;
  readonly life: () => NodeLife;
  /** What the node takes on, and what has crossed its line. */
  readonly operation: Pick<NodeStatus, "serving" | "traffic"> & Pick<NodeOperations, "pause" | "resume" | "drain">;
  /** Reads all blocklists again. */
  readonly reload: () => Promise<NodeStatus["blocklists"]>;
  readonly health: { readonly facts: Pick<HealthFacts, "machine" | "busyForMs"> };
}

/** What stays as it is while a node runs. */
export interface NodeViewOptions
  extends Pick<NodeStatus, "peerId" | "software" | "roles" | "address" | "contact" | "policy"> {
  readonly settings: HealthSettings;
}

/** A running node as its operator sees and steers it. */
export class NodeView implements NodeOperations {
  readonly #components: NodeViewComponents;
  readonly #options: NodeViewOptions;
  readonly #startedAt: string;
  readonly #drained = Promise.withResolvers<void>();
  #looking: Timer | undefined;

  constructor(components: NodeViewComponents, options: NodeViewOptions) {
    this.#components = components;
    this.#options = options;
    this.#startedAt = new Date(components.clock.nowMs()).toISOString();
  }

  /** Settles when a drain has come to its end; never rejects. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  status(): NodeStatus {
    const { clock, life, operation, health } = this.#components;
    const { settings, ...fixed } = this.#options;
    const { refusals, ...changing } = life();
    const status = {
      ...fixed,
      ...changing,
      startedAt: this.#startedAt,
      serving: this.#serving(changing),
      traffic: operation.traffic,
      refusals: Object.entries(refusals)
        .map(([by, count]) => ({ by, count }))
        .sort((a, b) => b.count - a.count),
    };
    return { ...status, warnings: healthWarnings({ ...health.facts, status, settings, nowMs: clock.nowMs() }) };
  }

  /** As the operator has it, and where that is open, as the lists and the log let the exit be. */
  #serving(life: Pick<NodeLife, "blocklists" | "log">): NodeStatus["serving"] {
    const { serving } = this.#components.operation;
    const { roles, settings } = this.#options;
    const reason = serving.state === "serving" ? exitClosure({ ...life, roles }, settings) : undefined;
    if (reason === undefined) return serving;
    return roles.includes("relay") ? { ...serving, exitClosed: reason } : { state: "closed", reason };
  }

  pause(): void {
    this.stop();
    this.#components.operation.pause();
  }

  resume(): void {
    this.stop();
    this.#components.operation.resume();
  }

  drain(): void {
    this.#components.operation.drain();
    this.#looking ??= this.#components.clock.every(DRAIN_LOOK_MS, () => {
      if (this.#components.life().streams > 0) return;
      this.stop();
      this.#drained.resolve();
    });
  }

  reload(): Promise<NodeStatus["blocklists"]> {
    return this.#components.reload();
  }

  /** Waits for the end of a drain no more. Idempotent. */
  stop(): void {
    this.#looking?.cancel();
    this.#looking = undefined;
  }
}
