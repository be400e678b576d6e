/** A value taken from the front of some bytes, and how many of them it took; what follows is the caller's. */
export interface Decoded<T> {
  readonly value: T;
  readonly length: number;
}
