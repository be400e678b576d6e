/** A pending timer; `cancel` after it fired does nothing. */
export interface Timer extends Disposable {
  cancel(): void;
}

/** Time, handed in so that tests can turn it. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` every `periodMs` until cancelled. The timer does not keep the process alive. */
  every(periodMs: number, run: () => void): Timer;
}

function timer(cancel: () => void): Timer {
  return { cancel, [Symbol.dispose]: cancel };
}

/** The machine's clock: the one home of `Date.now` and of timers. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs).unref();
    return timer(() => clearTimeout(handle));
  },
  every(periodMs, run) {
    const handle = setInterval(run, periodMs).unref();
    return timer(() => clearInterval(handle));
  },
};
