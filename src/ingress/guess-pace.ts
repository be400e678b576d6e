import { withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import { addressCrowd } from "../link/address-crowd.ts";
import { LruMap } from "../rate/lru-map.ts";
import { RateRule } from "../rate/rate-rule.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const WRONG_PASSWORDS = new RateRule({
  perSecond: INGRESS_LIMITS.wrongPasswordsPerSecond.value,
  burst: INGRESS_LIMITS.wrongPasswordBurst.value,
});

/**
 * Holds whoever guesses passwords to a pace, by address (IPv6: by /64). Where wrong ones come too fast, every password from
 * there waits before it is looked at, right ones too: an answer that comes at once would tell which is which. Nobody is
 * locked out: the wait is at most `guessWaitMs`, and a connection that has shown a right password does not wait again until it shows
 * a wrong one.
 */
export class GuessPace {
  readonly #clock: Clock;
  /** Those with wrong passwords lately; the one whose last was longest ago stands first. */
  readonly #wrong = new LruMap<string, TokenBucket>({ most: INGRESS_LIMITS.guessingAddresses.value });
  /** Connections that have shown a right password last. */
  readonly #proven = new WeakSet<object>();

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  /** Addresses of which something is remembered. */
  get size(): number {
    return this.#wrong.size;
  }

  /**
   * Calls `check`, which throws ERR_CREDENTIALS for a wrong password, when it is the connection's turn, and returns what it
   * returns. Throws what it throws, or the abort reason.
   */
  async check<T>(
    connection: { readonly remoteAddress?: string | undefined },
    signal: AbortSignal,
    check: () => T,
  ): Promise<T> {
    const key = addressCrowd(connection.remoteAddress ?? "");
    const waitMs = this.#proven.has(connection) ? 0 : (this.#wrong.get(key)?.waitMs(this.#clock.monotonicMs()) ?? 0);
    if (waitMs > 0) await this.#wait(Math.min(waitMs, INGRESS_LIMITS.guessWaitMs.value), signal);
    try {
      const checked = check();
      this.#proven.add(connection);
      return checked;
    } catch (error) {
      if (toBywayError(error).code === "ERR_CREDENTIALS") {
        this.#proven.delete(connection);
        this.#note(key);
      }
      throw error;
    }
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#clock.after(ms, resolve);
    await withAbort(promise, signal);
  }

  #note(key: string): void {
    const bucket = this.#wrong.get(key) ?? new TokenBucket(WRONG_PASSWORDS);
    bucket.take(this.#clock.monotonicMs());
    this.#wrong.set(key, bucket);
  }
}
