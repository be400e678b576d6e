/** A signal that follows others; dispose it when the work is done, so that they forget it. */
export interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Aborts with the reason of whichever of `parents` aborts first.
 * `AbortSignal.any` cannot be undone: a parent that lives as long as the node would remember every request.
 */
export function linkedSignal(...parents: readonly AbortSignal[]): LinkedSignal {
  const controller = new AbortController();
  const follow = (event: Event): void => {
    if (event.target instanceof AbortSignal) controller.abort(event.target.reason);
  };
  const aborted = parents.find((parent) => parent.aborted);
  if (aborted !== undefined) controller.abort(aborted.reason);
  else for (const parent of parents) parent.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const parent of parents) parent.removeEventListener("abort", follow);
    },
  };
}
