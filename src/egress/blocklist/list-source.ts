/** Takes the bytes of a list as its content. Throws why it does not; what the list had stays then. */
export type TakeList = (chunks: AsyncIterable<Uint8Array>, facts: TakenFacts) => Promise<void>;

/** What is known of bytes that are taken. */
export interface TakenFacts {
  /** When they were read or fetched, in ms since the epoch. */
  readonly readAtMs: number;
  /** Whether they may have less than half of the entries that the list had. */
  readonly mayShrink: boolean;
}

/** Where a list comes from. */
export interface ListSource {
  /**
   * Takes the copy that is kept here, if there is one: how long ago it was known to be the latest, in ms.
   * Throws what `take` throws.
   */
  restore(take: TakeList, signal: AbortSignal): Promise<number | undefined>;
  /** Takes what the source has now, unless that is known already. `asked` says that the operator wants it. Throws what fails. */
  refresh(take: TakeList, asked: boolean, signal: AbortSignal): Promise<void>;
  /** Whether a cheap look shows that there is something new. Never throws. */
  hasChanged(): Promise<boolean>;
}
