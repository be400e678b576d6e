/** What a client believes of a node. */
export interface Trust {
  /** 0 (never worked) to 1 (always did); 0.5 where nothing is known. */
  readonly score: number;
  /** How much it rests on: observations, each worth less as it ages. 0 where nothing is known. */
  readonly observations: number;
}

/** Tells how far nodes may be trusted. */
export interface TrustSource {
  trustOf(peerId: string): Trust;
}
