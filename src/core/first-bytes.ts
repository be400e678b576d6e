/** Looks at what one side of a splice sends first, before any of it passes on. */
export interface FirstBytes {
  /**
   * `seen` is all that has come so far, from the first byte on. "more" holds it until there is more or that side ends;
   * "pass" lets it and all that follows go. Throws the BywayError that ends both sides. Answers "pass" or throws once
   * `seen` has 64 KiB.
   */
  look(seen: Buffer): "more" | "pass";
}
