import { BywayError } from "../core/errors.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import { DAY_MS } from "../core/units.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { INGRESS_LIMITS } from "./limits.ts";

/** What one user may have; what is absent is not limited. */
export interface UserLimit {
  /** The user's name; `*` is everybody who has no limit by name, each for oneself. */
  readonly user: string;
  /** How many requests may begin in a second, evenly or at once; above 0. */
  readonly requestsPerSecond?: number | undefined;
  /** How many requests may be open at the same time. */
  readonly openStreams?: number | undefined;
  /** Both directions together, from midnight to midnight UTC. */
  readonly bytesPerDay?: number | undefined;
}

/** Something that moves bytes on a user's account. */
export interface WatchedRequest {
  /** All bytes so far, in both directions. */
  readonly bytes: () => number;
  /** Ends what moves them, since the user may have no more. */
  readonly end: (reason: BywayError) => void;
}

/** What a user has had of the day that the clock showed last, and of days that it showed before. */
export interface UsedDays {
  readonly day: number;
  readonly bytes: number;
  readonly others?: readonly (readonly [day: number, bytes: number])[];
}

/** The day of a time, counted from the Unix epoch in UTC. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS);
}

/** What one user has had so far: constant memory beside the requests that are open. */
export class UserUsage {
  readonly limit: UserLimit;
  readonly #rate: TokenBucket | undefined;
  /** Each watched request and how much of it is in the day's count already. */
  readonly #watched = new Map<WatchedRequest, number>();
  #open = 0;
  /** The day that the clock shows, and what the user has had of it. */
  #day: number;
  #bytes: number;
  /** Of days that the clock showed before, the latest last: it may be set back to one of them. */
  readonly #others = new Map<number, number>();

  /** `before` is what the user has had of days before this program started, that of the last one and of others. */
  constructor(limit: UserLimit, before: UsedDays) {
    this.limit = limit;
    const { requestsPerSecond: perSecond } = limit;
    this.#rate = perSecond === undefined ? undefined : new TokenBucket({ perSecond, burst: perSecond });
    this.#day = before.day;
    this.#bytes = before.bytes;
    for (const [day, bytes] of before.others ?? []) this.#others.set(day, bytes);
  }

  /** The days and their bytes, as they are to be kept. */
  get days(): UsedDays {
    return { day: this.#day, bytes: this.#bytes, others: [...this.#others] };
  }

  /** Whether bytes that nobody has counted yet may be moving. */
  get moving(): boolean {
    return this.#watched.size > 0;
  }

  /** Opens one request; throws ERR_USER_LIMIT with `data.retryAfterSec`. A refusal uses nothing up. */
  open(nowMs: number, monotonicMs: number): void {
    const { openStreams, requestsPerSecond } = this.limit;
    this.#turnDay(nowMs);
    if (this.#isOver()) throw this.dayOver(nowMs);
    if (openStreams !== undefined && this.#open >= openStreams)
      throw refusal("openStreams", `${this.#open} of the user's requests are open, as many as may be`, 1);
    const waitMs = this.#rate?.waitMs(monotonicMs) ?? 0;
    if (waitMs > 0) {
      const message = `the user has begun more requests than ${requestsPerSecond} a second`;
      throw refusal("requestsPerSecond", message, Math.ceil(waitMs / 1000));
    }
    this.#rate?.take(monotonicMs);
    this.#open += 1;
  }

  /** Takes a request into the count. */
  watch(request: WatchedRequest): void {
    if (this.limit.bytesPerDay !== undefined) this.#watched.set(request, 0);
  }

  /** Closes one request, whose bytes were counted before. */
  close(request: WatchedRequest | undefined): void {
    this.#open -= 1;
    if (request !== undefined) this.#watched.delete(request);
  }

  /** Brings the day's count up to date; whether it grew. */
  count(nowMs: number): boolean {
    this.#turnDay(nowMs);
    let grown = 0;
    for (const [request, counted] of this.#watched) {
      const bytes = request.bytes();
      grown += bytes - counted;
      this.#watched.set(request, bytes);
    }
    this.#bytes += grown;
    return grown > 0;
  }

  /** Ends what moves bytes when the day's are used up; how many were ended. */
  endIfOver(nowMs: number): number {
    if (this.#watched.size === 0 || !this.#isOver()) return 0;
    const ended = [...this.#watched.keys()];
    this.#watched.clear();
    for (const request of ended) request.end(this.dayOver(nowMs));
    return ended.length;
  }

  /** Why a request is refused when the day's bytes are used up. */
  dayOver(nowMs: number): BywayError {
    const retryAfterSec = Math.max(1, Math.ceil(((this.#day + 1) * DAY_MS - nowMs) / 1000));
    const message = `the user has used up the ${this.limit.bytesPerDay} bytes of the day, which ends at midnight UTC`;
    return refusal("bytesPerDay", message, retryAfterSec);
  }

  /**
   * A clock that is set forward and back finds the count of its day again, and neither gives a second day nor takes one. Set
   * back to a day that nobody knows, it takes the count along.
   */
  #turnDay(nowMs: number): void {
    const day = dayOf(nowMs);
    if (day === this.#day) return;
    const known = this.#others.get(day);
    const carried = day < this.#day ? this.#bytes : 0;
    this.#others.delete(day);
    this.#others.set(this.#day, this.#bytes);
    this.#day = day;
    this.#bytes = known ?? carried;
    forgetOldest(this.#others, INGRESS_LIMITS.usedDays.value);
  }

  #isOver(): boolean {
    return this.#bytes >= (this.limit.bytesPerDay ?? Number.POSITIVE_INFINITY);
  }
}

function refusal(limit: Exclude<keyof UserLimit, "user">, message: string, retryAfterSec: number): BywayError {
  return new BywayError("ERR_USER_LIMIT", message, { data: { limit, retryAfterSec } });
}
