import { LIVENESS_LIMITS } from "./limits.ts";

/** How often usable peers are asked again: more often while some of them are found gone, as then many leave at once. */
export class CheckAlarm {
  /** How the last checks of usable peers went, the latest at the end. */
  readonly #lately: boolean[] = [];

  /** The time between two checks of a peer; of one that is checked by way of others it is always the same. */
  periodMs(isFar = false): number {
    const { farRecheckMs, recheckMs, alarmRecheckMs, alarmFailures } = LIVENESS_LIMITS;
    if (isFar) return farRecheckMs.value;
    const failures = this.#lately.filter((answered) => !answered).length;
    return (failures >= alarmFailures.value ? alarmRecheckMs : recheckMs).value;
  }

  /** Notes how a check of a usable peer went. */
  note(answered: boolean): void {
    this.#lately.push(answered);
    if (this.#lately.length > LIVENESS_LIMITS.alarmChecks.value) this.#lately.shift();
  }
}
