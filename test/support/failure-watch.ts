import type { Clock } from "../../src/core/clock.ts";
import type { ObserverComponents } from "../../src/trust/observer.ts";
import { Observer } from "../../src/trust/observer.ts";

/** An observer, and whom it found to have failed. */
export interface FailureWatch {
  readonly observer: Observer;
  /** Peers that failed, each failure once. */
  readonly failed: readonly string[];
  /** Peers that failed as a first hop, each time. */
  readonly asFirst: readonly string[];
}

export function failureWatch(clock: Clock, components: Partial<ObserverComponents> = {}): FailureWatch {
  const failed: string[] = [];
  const asFirst: string[] = [];
  const observer = new Observer({ clock, ...components });
  observer.subscribe(({ peerId, what, isFirst }, isNews) => {
    if (what !== "failed") return;
    if (isNews) failed.push(peerId);
    if (isFirst) asFirst.push(peerId);
  });
  return { observer, failed, asFirst };
}
