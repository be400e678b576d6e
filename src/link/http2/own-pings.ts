import type { Clock } from "../../core/clock.ts";
import { HTTP2_LIMITS } from "./limits.ts";

interface Sent {
  readonly number: number;
  readonly atMs: number;
  readonly onAnswer: (roundTripMs: number | undefined) => void;
}

/** PINGs of this end that wait for their answers, in the order in which they were sent. */
export class OwnPings {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #sent: Sent[] = [];
  #count = 0;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** The payload of a new one; undefined where too many are unanswered. */
  add(onAnswer: (roundTripMs: number | undefined) => void): Uint8Array | undefined {
    if (this.#sent.length >= HTTP2_LIMITS.ownPings.value) return undefined;
    this.#count += 1;
    this.#sent.push({ number: this.#count, atMs: this.#clock.monotonicMs(), onAnswer });
    const payload = new Uint8Array(8);
    new DataView(payload.buffer).setUint32(4, this.#count);
    return payload;
  }

  /** Takes an answer; false for one to no ping of ours. */
  answered(payload: Uint8Array): boolean {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const number = view.getUint32(0) === 0 ? view.getUint32(4) : -1;
    const at = this.#sent.findIndex((sent) => sent.number === number);
    const [sent] = at < 0 ? [] : this.#sent.splice(at, 1);
    if (sent === undefined) return false;
    sent.onAnswer(this.#clock.monotonicMs() - sent.atMs);
    return true;
  }

  /** No more answers come. */
  end(): void {
    for (const { onAnswer } of this.#sent.splice(0)) onAnswer(undefined);
  }
}
