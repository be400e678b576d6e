import { readFile, statfs } from "node:fs/promises";
import type { Clock, Timer } from "../core/clock.ts";
import type { HealthFacts, MachineFacts } from "./health-facts.ts";
import { HEALTH_THRESHOLDS } from "./health-thresholds.ts";

/** What is looked at beside the machine. */
export interface HealthWatchComponents {
  readonly clock: Clock;
  /** The node's load now, 0 to 1. */
  readonly load: () => number;
  /** Default: `readMachine` of the data directory. */
  readonly readMachine?: () => Promise<MachineFacts>;
}

/** Looks now and then at what a node's health needs and nothing tells by itself. */
export class HealthWatch {
  readonly #components: HealthWatchComponents;
  readonly #read: () => Promise<MachineFacts>;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #machine: MachineFacts = {};
  /** By the monotonic clock. */
  #busySinceMs: number | undefined;

  constructor(components: HealthWatchComponents, options: { readonly dataDirectory: string }) {
    this.#components = components;
    this.#read = components.readMachine ?? (() => readMachine(options.dataDirectory));
  }

  /** Looks once, and settles with that; goes on by itself. Idempotent. */
  async start(): Promise<void> {
    this.#timer ??= this.#components.clock.every(HEALTH_THRESHOLDS.lookEveryMs, () => void this.#look());
    await this.#look();
  }

  /** Settles when nothing is being looked at. Idempotent. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#looking;
  }

  /** What was seen last. */
  get facts(): Pick<HealthFacts, "machine" | "busyForMs"> {
    if (this.#busySinceMs === undefined) return { machine: this.#machine };
    return { machine: this.#machine, busyForMs: this.#components.clock.monotonicMs() - this.#busySinceMs };
  }

  #look(): Promise<void> {
    const isBusy = this.#components.load() >= HEALTH_THRESHOLDS.busyLoad;
    this.#busySinceMs = isBusy ? (this.#busySinceMs ?? this.#components.clock.monotonicMs()) : undefined;
    // A disk that hangs is asked once.
    this.#looking ??= this.#read().then((machine) => {
      this.#machine = machine;
      this.#looking = undefined;
    });
    return this.#looking;
  }
}

/** What the machine gives this process; never rejects. */
export async function readMachine(dataDirectory: string): Promise<MachineFacts> {
  const [limits, disk] = await Promise.all([
    // Linux only; elsewhere nothing is known.
    readFile("/proc/self/limits", "utf8").catch(() => ""),
    statfs(dataDirectory).catch(() => undefined),
  ]);
  const most = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return {
    mostDescriptors: most === undefined ? undefined : Number(most),
    freeDiskBytes: disk && disk.bavail * disk.bsize,
  };
}
