/** Holds what flows to a speed. Many streams may share one. */
export interface Pace {
  /** A place for one direction of one stream; `resume` is called when it may ask again. The caller gives the place up. */
  join(resume: () => void): PacePlace;
}

/** One direction's place in a pace. */
export interface PacePlace {
  /**
   * Counts up to `bytes` (at least 1) that are to pass now, and says how many of them may. When fewer, the caller keeps
   * the rest, and `resume` is called once, at its turn: it then asks for all that it has, or loses its turn. Until then
   * none may.
   */
  spend(bytes: number): number;
  /** Gives the place up: `resume` is not called any more. Idempotent. */
  leave(): void;
}
