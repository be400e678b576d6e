import type { Clock, Timer } from "../core/clock.ts";
import type { BywayError, JsonValue } from "../core/errors.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import type { RecordKeeper } from "../storage/record-keeper.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { dayOf, type UsedDays, type UserLimit, UserUsage, type WatchedRequest } from "./user-usage.ts";

/** A request's place among those that its user may have open. */
export interface Lease extends Disposable {
  /**
   * Counts what the request moves: `bytes` is its sum of both directions so far, and never falls. `end` is called at
   * most once, when the user has used up the day.
   */
  watch(bytes: () => number, end: (reason: BywayError) => void): void;
  /** The request is over. Idempotent. */
  release(): void;
}

const KIND = "user-usage";
const EVERYBODY = "*";
const nothing = (): void => {};
const UNLIMITED: Lease = { watch: nothing, release: nothing, [Symbol.dispose]: nothing };

/**
 * Holds users to their limits, over all listeners together. A request is what begins one: a CONNECT, a plain HTTP
 * request, a SOCKS CONNECT; a UDP association is one together with all its targets.
 *
 * Bytes are counted once a second while requests are open, so a user gets at most what a second brings beyond the limit.
 * Callers pass names that were authenticated, or "" for all who need no password: each keeps a little memory for good.
 */
export class UserLimits {
  readonly #clock: Clock;
  readonly #records: RecordKeeper | undefined;
  readonly #logger: Logger;
  readonly #limits: ReadonlyMap<string, UserLimit>;
  readonly #users = new Map<string, UserUsage>();
  /** Those whose bytes are on the move. */
  readonly #moving = new Set<UserUsage>();
  #sampling: Timer | undefined;

  constructor(
    components: { readonly clock: Clock; readonly records?: RecordKeeper; readonly logger?: Logger },
    options: { readonly limits: readonly UserLimit[] },
  ) {
    this.#clock = components.clock;
    this.#records = components.records;
    this.#logger = components.logger ?? silentLogger;
    this.#limits = new Map(options.limits.map((limit) => [limit.user, limit]));
    this.#load();
  }

  /** Lets one request of a user begin; throws ERR_USER_LIMIT, whose `data.retryAfterSec` says when it would pass. */
  admit(user: string): Lease {
    const usage = this.#usageOf(user);
    if (usage === undefined) return UNLIMITED;
    usage.open(this.#clock.nowMs(), this.#clock.monotonicMs());
    let watched: WatchedRequest | undefined;
    let open = true;
    const release = (): void => {
      if (!open) return;
      open = false;
      this.#count(usage);
      usage.close(watched);
      this.#endIfOver(usage);
    };
    return {
      watch: (bytes, end) => {
        if (!open || watched !== undefined) return;
        watched = { bytes, end };
        usage.watch(watched);
        if (usage.moving) this.#sample(usage);
      },
      release,
      [Symbol.dispose]: release,
    };
  }

  #usageOf(user: string): UserUsage | undefined {
    const known = this.#users.get(user);
    if (known !== undefined) return known;
    const limit = this.#limits.get(user) ?? this.#limits.get(EVERYBODY);
    if (limit === undefined) return undefined;
    const usage = new UserUsage({ ...limit, user }, { day: dayOf(this.#clock.nowMs()), bytes: 0 });
    this.#users.set(user, usage);
    return usage;
  }

  #load(): void {
    for (const [user, value] of [...(this.#records?.load(KIND) ?? [])]) {
      const limit = this.#limits.get(user) ?? this.#limits.get(EVERYBODY);
      const days = limit?.bytesPerDay === undefined ? undefined : jsonToDays(value);
      if (limit === undefined || days === undefined) this.#records?.remove(KIND, user);
      else this.#users.set(user, new UserUsage({ ...limit, user }, days));
    }
  }

  #sample(usage: UserUsage): void {
    this.#moving.add(usage);
    this.#sampling ??= this.#clock.every(INGRESS_LIMITS.usageSampleMs.value, () => {
      for (const moving of [...this.#moving]) {
        this.#count(moving);
        this.#endIfOver(moving);
      }
    });
  }

  #count(usage: UserUsage): void {
    if (usage.count(this.#clock.nowMs())) this.#records?.put(KIND, usage.limit.user, daysToJson(usage.days));
  }

  #endIfOver(usage: UserUsage): void {
    const { user, bytesPerDay } = usage.limit;
    const ended = usage.endIfOver(this.#clock.nowMs());
    if (ended > 0)
      this.#logger.info("a user has used up the bytes of the day and was cut off", { user, bytesPerDay, ended });
    if (!usage.moving) this.#rest(usage);
  }

  #rest(usage: UserUsage): void {
    this.#moving.delete(usage);
    if (this.#moving.size > 0) return;
    this.#sampling?.cancel();
    this.#sampling = undefined;
  }
}

function daysToJson({ day, bytes, others = [] }: UsedDays): JsonValue {
  return { day, bytes, others: others.map((other) => [...other]) };
}

/** What was kept; undefined where it is none of ours. Days that are over are kept: the clock may be ahead at this moment. */
function jsonToDays(json: JsonValue): UsedDays | undefined {
  const { day, bytes, others } = (json ?? {}) as { readonly [key: string]: unknown };
  if (!isCount(day) || !isCount(bytes)) return undefined;
  const kept = Array.isArray(others) ? (others as readonly unknown[]).filter(isDay) : [];
  return { day, bytes, others: kept.slice(-INGRESS_LIMITS.usedDays.value) };
}

function isDay(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}
