import { ACCOUNTABILITY_LIMITS } from "./limits.ts";
import type { WaitingRecord } from "./log-record.ts";

/** What an object costs in memory beside its text. */
const RECORD_COST_BYTES = 64;

/** Records that wait for the disk, bounded in bytes. */
export class LogQueue {
  #records: WaitingRecord[] = [];
  #bytes = 0;

  /** How many wait. */
  get length(): number {
    return this.#records.length;
  }

  /** Whether more than half is taken: the rest is for the ends of streams that stand. */
  get isCrowded(): boolean {
    return this.#bytes > ACCOUNTABILITY_LIMITS.queueBytes.value / 2;
  }

  /** Takes a record; false where there is no room for it. */
  add(record: WaitingRecord): boolean {
    const bytes = record.fields.length + RECORD_COST_BYTES;
    if (this.#bytes + bytes > ACCOUNTABILITY_LIMITS.queueBytes.value) return false;
    this.#records.push(record);
    this.#bytes += bytes;
    return true;
  }

  /** The records that come next; they stay until they are dropped. */
  first(count: number): readonly WaitingRecord[] {
    return this.#records.slice(0, count);
  }

  /** Lets go of the first records, which are written. */
  drop(count: number): void {
    for (const { fields } of this.#records.splice(0, count)) this.#bytes -= fields.length + RECORD_COST_BYTES;
  }

  /** Lets go of all; how many they were. */
  clear(): number {
    const { length } = this.#records;
    this.#records = [];
    this.#bytes = 0;
    return length;
  }
}
