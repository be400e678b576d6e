import type { Clock } from "../core/clock.ts";
import type { RecordKeeper } from "../storage/record-keeper.ts";
import {
  type ExperienceRecord,
  evidenceOf,
  jsonToRecord,
  measure,
  newRecord,
  recordToJson,
  steadiness,
  turnWindow,
} from "./experience-record.ts";
import { TRUST_LIMITS } from "./limits.ts";
import type { ObservationView } from "./observation.ts";
import type { Trust, TrustSource } from "./trust-source.ts";

const KIND = "experience";

/**
 * Trust from what this client saw itself, and nobody else's word.
 *
 *     score = (1 + good) / (2 + good + bad) × (1 − ¼ · min(1, deviation / mean))
 *
 * The first factor is the mean of a Beta distribution after `good` successes and `bad` failures that began as one of each
 * (Jøsang and Ismail, "The Beta Reputation System", 2002): 0.5 where nothing is known. The second takes off up to a quarter
 * for answers of unsteady speed: mean and deviation are those of RFC 6298 §2, from eight measurements on, and a mean below
 * 50 ms counts as 50. `observations` is good + bad.
 *
 * Trust grows with time and not with traffic (`evidenceOf`): what one node does in 15 minutes counts as two requests at
 * the most, a failure counts three times, and all evidence together is held to 50. So a node that served ten thousand
 * requests in an hour is trusted as one that served eight, and one that begins to fail is below a half after six such
 * quarters of failures, however long it behaved. Evidence decays by 0.99 a day.
 *
 * Where four nodes have failed and none has succeeded since, further failures count for nothing: then it is our own network
 * that is gone, and nobody should lose their name for it.
 */
export class OwnExperience implements TrustSource {
  readonly #clock: Clock;
  readonly #records: RecordKeeper;
  readonly #hears: ((peerId: string) => void)[] = [];
  /** The one noted longest ago stands first. */
  readonly #nodes = new Map<string, ExperienceRecord>();
  /** Who failed since anybody succeeded. */
  readonly #failing = new Set<string>();
  #isStopped = false;

  /** Reads what was kept. */
  constructor(components: { clock: Clock; records: RecordKeeper }) {
    this.#clock = components.clock;
    this.#records = components.records;
    const held: (readonly [string, ExperienceRecord])[] = [];
    const lost: string[] = [];
    for (const [peerId, json] of this.#records.load(KIND)) {
      const record = jsonToRecord(json, this.#clock.nowMs());
      if (record === undefined) lost.push(peerId);
      else held.push([peerId, record]);
    }
    held.sort(([, a], [, b]) => a.atMs - b.atMs);
    for (const [peerId, record] of held) this.#nodes.set(peerId, record);
    for (const peerId of lost) this.#records.remove(KIND, peerId);
    this.#forgetOldest();
  }

  /** How many nodes are remembered. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Calls `hear` with each node whose trust or expected time changes from now on, but not by decay. */
  onChange(hear: (peerId: string) => void): void {
    this.#hears.push(hear);
  }

  /** Learns from what was observed. */
  readonly learn: ObservationView = (observation, isNews) => {
    const { peerId, what } = observation;
    if (what === "answered") this.noteSuccess(peerId, observation.ms);
    else if (what === "failed" && isNews) this.noteFailure(peerId);
  };

  /** Notes that a node did what was asked, and after how long it answered where that was measured. */
  noteSuccess(peerId: string, ms?: number): void {
    if (this.#isStopped) return;
    this.#failing.clear();
    const record = this.#take(peerId);
    record.succeeded += 1;
    if (ms !== undefined) measure(record, ms);
    this.#keep(peerId, record);
  }

  /** Notes that a node did not do what was asked, and that the fault was its own. */
  noteFailure(peerId: string): void {
    if (this.#isStopped) return;
    if (this.#failing.size >= TRUST_LIMITS.outageNodes.value) return;
    this.#failing.add(peerId);
    const record = this.#take(peerId);
    record.failed += 1;
    this.#keep(peerId, record);
  }

  trustOf(peerId: string): Trust {
    const record = this.#nodes.get(peerId);
    if (record === undefined) return { score: 0.5, observations: 0 };
    const { good, bad } = evidenceOf(record, this.#clock.nowMs());
    return { score: ((1 + good) / (2 + good + bad)) * steadiness(record), observations: good + bad };
  }

  /**
   * The time within which an answer of the node is to be expected, in ms: mean + 4 × deviation (RFC 6298 §2.3), without
   * that RFC's least second. Undefined where none was measured.
   */
  expectedMs(peerId: string): number | undefined {
    const record = this.#nodes.get(peerId);
    if (record === undefined || record.measured === 0) return undefined;
    return record.meanMs + 4 * record.deviationMs;
  }

  /** Nothing is noted any longer: what fails while a client stops is no node's fault. Idempotent. */
  stop(): void {
    this.#isStopped = true;
  }

  #changed(peerId: string): void {
    for (const hear of this.#hears) hear(peerId);
  }

  #take(peerId: string): ExperienceRecord {
    const nowMs = this.#clock.nowMs();
    const record = this.#nodes.get(peerId) ?? newRecord(nowMs);
    turnWindow(record, nowMs);
    return record;
  }

  #keep(peerId: string, record: ExperienceRecord): void {
    this.#nodes.delete(peerId);
    this.#nodes.set(peerId, record);
    this.#records.put(KIND, peerId, recordToJson(record));
    // Asked first: to begin at the front of a Map means to pass over all that was deleted from there.
    if (this.#nodes.size > TRUST_LIMITS.rememberedNodes.value) this.#forgetOldest();
    this.#changed(peerId);
  }

  #forgetOldest(): void {
    for (const peerId of this.#nodes.keys()) {
      if (this.#nodes.size <= TRUST_LIMITS.rememberedNodes.value) return;
      this.#nodes.delete(peerId);
      this.#records.remove(KIND, peerId);
      this.#changed(peerId);
    }
  }
}
