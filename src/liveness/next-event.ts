import { abortReason } from "../core/abort.ts";

/** Those who wait for something to happen once more. */
export class NextEvent {
  readonly #waiting = new Set<() => void>();

  /** Settles when it happens; rejects with the abort reason. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      const done = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.delete(done);
        reject(abortReason(signal));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(done);
    });
  }

  /** It has happened: all who wait go on. */
  happened(): void {
    for (const done of this.#waiting) done();
    this.#waiting.clear();
  }
}
