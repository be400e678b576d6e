/** What this end has announced and a peer must keep to. */
export interface Announced {
  readonly initialWindowBytes: number;
  readonly maxConcurrentStreams: number;
}

/**
 * The settings of this end that bind the peer, from SETTINGS to their acknowledgement (RFC 9113 §6.5.3): until a peer has
 * acknowledged a stricter value it may go by the one before, so the laxest that it may still go by holds.
 */
export class OwnSettings {
  #acknowledged: Announced;
  readonly #sent: Announced[] = [];
  #hasBeenAcknowledged = false;

  /** `initial` is what holds before any SETTINGS, and `first` what the first frame says. */
  constructor(initial: Announced, first: Announced) {
    this.#acknowledged = initial;
    this.#sent.push(first);
  }

  /** What was said last. */
  get latest(): Announced {
    return this.#sent.at(-1) ?? this.#acknowledged;
  }

  /** What each stream of the peer has as its first window. */
  get initialWindowBytes(): number {
    return this.#laxest("initialWindowBytes");
  }

  /** How many streams the peer may have. */
  get maxConcurrentStreams(): number {
    return this.#laxest("maxConcurrentStreams");
  }

  /** Whether the peer has acknowledged the first SETTINGS. */
  get hasBeenAcknowledged(): boolean {
    return this.#hasBeenAcknowledged;
  }

  /** Says that SETTINGS were sent. */
  send(announced: Announced): void {
    this.#sent.push(announced);
  }

  /** Says that an acknowledgement came; false where there was nothing to acknowledge. */
  acknowledge(): boolean {
    const next = this.#sent.shift();
    if (next === undefined) return false;
    this.#acknowledged = next;
    this.#hasBeenAcknowledged = true;
    return true;
  }

  #laxest(name: keyof Announced): number {
    return this.#sent.reduce((most, sent) => Math.max(most, sent[name]), this.#acknowledged[name]);
  }
}
