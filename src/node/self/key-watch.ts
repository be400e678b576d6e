import type { Clock } from "../../core/clock.ts";
import { forgetOldest } from "../../core/forget-oldest.ts";
import type { Logger } from "../../core/logger.ts";
import { formatHostPort } from "../../core/network-address.ts";
import { openAdvertisement } from "../../peers/signed-advertisement.ts";
import { TokenBuckets } from "../../rate/token-buckets.ts";
import { type Advertisement, decodeAdvertisement } from "../../wire/advertisement.ts";
import { decodeEnvelope } from "../../wire/envelope.ts";
import { SELF_LIMITS } from "./limits.ts";

/** Keeps the numbers that were signed over restarts. JSON values; what `load` returns is checked. */
export interface SignedNumbers {
  load(): unknown;
  save(numbers: readonly number[]): void;
}

/** Another machine that signs with this node's key. */
export interface OtherSigner {
  /** Where its advertisement says that it is reached; `nowhere` if at no address. */
  readonly endpoint: string;
  readonly issuedAtSec: number;
  readonly expiresAtSec: number;
}

/** All tellers share one bucket. */
const ALL = "";

/**
 * Sees when another machine signs advertisements with this node's key, as after a data directory was copied.
 *
 * An advertisement of this node's own id shows it, if the signature is right, it was issued since this node started, and its
 * number is none that this machine signed. So an older advertisement of this node's own that somebody sends again, also
 * from before a restart or a move, shows nothing.
 */
export class KeyWatch {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #state: SignedNumbers | undefined;
  readonly #onFound: () => void;
  readonly #checks: TokenBuckets;
  readonly #numbers: Set<number>;
  /** When the first advertisement of this run was issued. */
  #sinceSec = Number.POSITIVE_INFINITY;
  #other: OtherSigner | undefined;

  constructor(components: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly state?: SignedNumbers | undefined;
    /** Called when another machine is found that was not known of. */
    readonly onFound?: () => void;
  }) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#state = components.state;
    this.#onFound = components.onFound ?? (() => {});
    const { ownChecks, signedNumbers } = SELF_LIMITS;
    this.#checks = new TokenBuckets(components, {
      most: 1,
      burst: ownChecks.value,
      perSecond: ownChecks.value,
    });
    this.#numbers = new Set(readNumbers(components.state?.load()).slice(-signedNumbers.value));
  }

  /** The other machine, until the newest advertisement of it that was seen has expired. */
  get other(): OtherSigner | undefined {
    if (this.#other !== undefined && this.#other.expiresAtSec * 1_000 <= this.#clock.nowMs()) this.#other = undefined;
    return this.#other;
  }

  /** This machine has signed `advertisement`. */
  signed({ seq, issuedAtSec }: Advertisement): void {
    this.#numbers.add(seq);
    forgetOldest(this.#numbers, SELF_LIMITS.signedNumbers.value);
    // The clock may be set back while the node runs.
    this.#sinceSec = Math.min(this.#sinceSec, issuedAtSec);
    this.#state?.save([...this.#numbers]);
  }

  /** Somebody sent an advertisement that names this node. Never throws. */
  look(envelope: Uint8Array): void {
    try {
      const { seq, issuedAtSec } = decodeAdvertisement(decodeEnvelope(envelope).payload);
      if (this.#numbers.has(seq) || issuedAtSec < this.#sinceSec || !this.#checks.take(ALL)) return;
      this.#note(openAdvertisement(envelope, { nowMs: this.#clock.nowMs(), localNetwork: true }));
    } catch {
      // What anybody else than the owner of the key wrote shows nothing.
    }
  }

  #note({ endpoints: [endpoint], issuedAtSec, expiresAtSec }: Advertisement): void {
    const before = this.other;
    if (before !== undefined && before.issuedAtSec > issuedAtSec) return;
    this.#other = {
      endpoint: endpoint === undefined ? "nowhere" : formatHostPort(endpoint),
      issuedAtSec,
      expiresAtSec,
    };
    if (before !== undefined) return;
    this.#logger.warn(
      "another machine runs with the same key as this node: stop one of the two, or give it a key of its own",
      {
        endpoint: this.#other.endpoint,
        issuedAt: new Date(issuedAtSec * 1_000).toISOString(),
      },
    );
    this.#onFound();
  }
}

function readNumbers(state: unknown): readonly number[] {
  return Array.isArray(state) ? state.filter((number): number is number => Number.isSafeInteger(number)) : [];
}
