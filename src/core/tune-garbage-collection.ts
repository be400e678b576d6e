import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock, Timer } from "./clock.ts";
import { CORE_LIMITS } from "./limits.ts";

/**
 * Tells V8 what kind of process this is: a small heap through which gigabytes of short-lived buffers pass.
 *
 * By default V8 marks the whole heap after every 64 MiB of buffers, dead or not, which took a third of a client's CPU time
 * over three hops. Buffers then count towards the heap's own limit, and a small heap may grow sixfold before it is
 * marked; a large one keeps V8's own factor, since six times as much would be missed elsewhere.
 *
 * It also lets `FreedMemory` collect on purpose.
 *
 * For whole processes only: a program that uses Byway as a library decides for itself.
 */
export function tuneGarbageCollection(clock: Clock): Timer {
  let small: boolean | undefined;
  const look = (): void => {
    const isSmall = getHeapStatistics().used_heap_size < CORE_LIMITS.smallHeapBytes.value;
    if (isSmall === small) return;
    small = isSmall;
    setFlagsFromString(`--heap-growing-percent=${isSmall ? 500 : 0}`);
  };
  setFlagsFromString("--external-memory-accounted-in-global-limit");
  exposeCollection();
  look();
  return clock.every(CORE_LIMITS.heapLookMs.value, look);
}

/** Makes `globalThis.gc`, which Node has otherwise only with a flag at its start. */
function exposeCollection(): void {
  setFlagsFromString("--expose-gc");
  Object.defineProperty(globalThis, "gc", { value: runInNewContext("gc"), configurable: true });
}
