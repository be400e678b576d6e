/**
 * Encodes the header lists of one direction of a connection, in their order: `new HpackEncoder()` (RFC 7541). Static table
 * and literals without indexing: nothing is kept, so that nothing can be guessed from lengths.
 */
export interface HpackEncoder {
  /**
   * Writes `fields`, names and values by turns, names in lower case, at `at`, and returns the offset after the block. It takes
   * at most one byte more than the list counts by RFC 9113 §6.5.2; throws RangeError where `target` has less room.
   */
  encode(fields: readonly string[], target: Uint8Array, at: number): number;
}
