/** What a node learns of itself: that a fact changed which it advertises, and that somebody has an advertisement of its own key. */
export class OwnNews {
  readonly #onChange: (() => void)[] = [];
  readonly #onOwn: ((envelope: Uint8Array) => void)[] = [];

  /** Something changed that an advertisement tells. */
  changed(): void {
    for (const hear of this.#onChange) hear();
  }

  /** Calls `hear` at each change from now on. */
  onChange(hear: () => void): void {
    this.#onChange.push(hear);
  }

  /** An advertisement came in that this node's key has signed. */
  cameBack(envelope: Uint8Array): void {
    for (const hear of this.#onOwn) hear(envelope);
  }

  /** Calls `hear` with each such advertisement from now on. */
  onCameBack(hear: (envelope: Uint8Array) => void): void {
    this.#onOwn.push(hear);
  }
}
