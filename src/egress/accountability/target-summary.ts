import { LruMap } from "../../rate/lru-map.ts";
import { STREAM_EVENTS } from "./export-log.ts";
import { type LogRecord, type RedactedRecord, recordFields } from "./log-record.ts";
import type { LogTarget } from "./log-target.ts";

/** One stream as a report shows it. Plain JSON. */
export interface ReportedStream {
  /** When the target was first talked to, or when it failed; ISO 8601. */
  readonly time: string;
  readonly protocol: string;
  readonly target: string;
  readonly address?: string;
  /** The port on this side. */
  readonly fromPort?: number;
  readonly bytesUp?: number;
  readonly bytesDown?: number;
  /** `open` while it stands, or where the node was cut off before it could say more. */
  readonly result: string;
}

/** How many streams there were, and the latest of them. */
export interface StreamSummary {
  readonly streams: number;
  readonly failed: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly first?: string;
  readonly last?: string;
  /** Connections by which a relay looked whether a node was there, and none was. */
  readonly proofs: number;
  /** The last ones, oldest first. */
  readonly shown: readonly ReportedStream[];
}

/** Adds up the streams of a log, one record after the other; keeps no more than `most` of them. */
export class TargetSummary {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #matches: LogTarget | undefined;
  readonly #shown: LruMap<string, ReportedStream>;
  #streams = 0;
  #failed = 0;
  #proofs = 0;
  #bytesUp = 0;
  #bytesDown = 0;
  #first: string | undefined;
  #last: string | undefined;

  constructor(options: { fromMs: number; toMs: number; matches?: LogTarget | undefined; most: number }) {
    this.#fromMs = options.fromMs;
    this.#toMs = options.toMs;
    this.#matches = options.matches;
    this.#shown = new LruMap(options);
  }

  /** Takes the next record of a chain. */
  add(chain: string, record: LogRecord | RedactedRecord): void {
    if (!("body" in record) || !STREAM_EVENTS.has(record.event)) return;
    const timeMs = Date.parse(record.time);
    if (timeMs < this.#fromMs || timeMs > this.#toMs) return;
    const fields = recordFields(record);
    if (this.#matches !== undefined && !this.#matches(fields)) return;
    // The link's name tells apart what restarts number alike.
    const isProof = record.event === "proof";
    const id = isProof ? `${chain} proof ${record.seq}` : `${chain} ${String(fields.stream)} ${String(fields.link)}`;
    const before = this.#shown.get(id);
    if (isProof) this.#proofs += 1;
    else if (record.event !== "end") this.#streams += 1;
    if (record.event === "fail") this.#failed += 1;
    this.#bytesUp += numberOf(fields.bytesUp);
    this.#bytesDown += numberOf(fields.bytesDown);
    // Chains come one after the other, each from its beginning.
    if (this.#first === undefined || record.time < this.#first) this.#first = record.time;
    if (this.#last === undefined || record.time > this.#last) this.#last = record.time;
    this.#shown.set(id, {
      time: before?.time ?? record.time,
      protocol: isProof ? "proof" : String(fields.protocol),
      target: String(fields.target),
      ...(typeof fields.address === "string" ? { address: fields.address } : {}),
      ...(typeof fields.fromPort === "number" ? { fromPort: fields.fromPort } : {}),
      ...(record.event === "end" ? { bytesUp: numberOf(fields.bytesUp), bytesDown: numberOf(fields.bytesDown) } : {}),
      result: record.event === "open" ? "open" : String(fields.result),
    });
  }

  /** What was added up so far. */
  get summary(): StreamSummary {
    return {
      streams: this.#streams,
      failed: this.#failed,
      proofs: this.#proofs,
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
      ...(this.#first === undefined ? {} : { first: this.#first }),
      ...(this.#last === undefined ? {} : { last: this.#last }),
      shown: [...this.#shown.values()].sort((a, b) => (a.time < b.time ? -1 : 1)),
    };
  }
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
