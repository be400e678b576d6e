/**
 * Looks at what one side of a splice sends, before it passes on.
 *
 *     look(seen) ─► more: held, but not for long     open: passes, and is shown again with what follows
 *                   pass: passes, with all that follows; or up to `nextAt`, where the next look begins
 */
export interface FirstBytes {
  /**
   * `seen` is all that has come since the last `nextAt`, or from the first byte on. Throws the BywayError that ends both
   * sides: then nothing passes that has not passed yet. Answers "pass" or throws once `seen` has 64 KiB.
   *
   * "more" and "open" both mean that nobody could act yet on what has come. What is "more" is passed on after
   * `firstBytesHoldMs` all the same, since the other side may be waiting for it.
   */
  look(seen: Buffer): "more" | "open" | "pass";
  /** After "pass": how many bytes of `seen` were done with. Undefined when nothing that follows needs a look. */
  readonly nextAt?: number | undefined;
  /** That side has ended with `seen` undecided. Throws as `look` does. */
  end?(seen: Buffer): void;
}
