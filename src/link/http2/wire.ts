/** What a session sends its bytes through. What arrives goes to the session's `receive`, and its end to `wireClosed`. */
export interface Wire {
  /**
   * Sends `pieces` in order, as one write. Calls `written` of the session once for each write, in their order, when nothing
   * reads the pieces any more; never within this call.
   */
  write(pieces: readonly Buffer[]): void;
  /** Whether the session wants to read now. */
  setReading(isReading: boolean): void;
  /** Sends no more. What still arrives is dropped until the far side has ended too. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}
