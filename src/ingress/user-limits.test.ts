import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { BywayError, type JsonValue } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { RecordKeeper } from "../storage/record-keeper.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { type Lease, UserLimits } from "./user-limits.ts";
import type { UserLimit } from "./user-usage.ts";

const SAMPLE_MS = INGRESS_LIMITS.usageSampleMs.value;
/** 22:00 UTC. */
const EVENING_MS = Date.UTC(2026, 10, 21, 22);

class Records implements RecordKeeper {
  readonly kept = new Map<string, JsonValue>();

  load(): Iterable<readonly [string, JsonValue]> {
    return this.kept;
  }

  put(_kind: string, key: string, value: JsonValue): void {
    this.kept.set(key, value);
  }

  remove(_kind: string, key: string): void {
    this.kept.delete(key);
  }
}

function setUp(limits: readonly UserLimit[], records = new Records(), clock = new FakeClock(EVENING_MS)) {
  const logger = new RecordingLogger();
  return { clock, records, logger, limits: new UserLimits({ clock, records, logger }, { limits }) };
}

/** Why a user is refused and how long; undefined when let in, and then the request is over at once. */
function refusedFor(
  limits: UserLimits,
  user: string,
): readonly [JsonValue | undefined, JsonValue | undefined] | undefined {
  try {
    limits.admit(user).release();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof BywayError);
    assert.equal(error.code, "ERR_USER_LIMIT");
    return [error.data.limit, error.data.retryAfterSec];
  }
}

/** A request that moves as many bytes as its `moved` says, and remembers why it was ended. */
function carry(lease: Lease) {
  const request = { moved: 0, ended: undefined as BywayError | undefined };
  lease.watch(
    () => request.moved,
    (reason) => {
      request.ended = reason;
    },
  );
  return request;
}

test("nobody without a limit is held to one", () => {
  const { limits, clock } = setUp([{ user: "alice", requestsPerSecond: 1 }]);
  for (let n = 0; n < 1000; n += 1) limits.admit("bob").watch(() => 1e15, assert.fail);
  assert.equal(clock.pending, 0);
});

test("requests a second: refused until the time that was told", () => {
  const { limits, clock } = setUp([{ user: "alice", requestsPerSecond: 2 }]);
  assert.equal(refusedFor(limits, "alice"), undefined);
  assert.equal(refusedFor(limits, "alice"), undefined);
  assert.deepEqual(refusedFor(limits, "alice"), ["requestsPerSecond", 1]);
  clock.advance(499);
  assert.deepEqual(refusedFor(limits, "alice"), ["requestsPerSecond", 1]);
  clock.advance(1);
  assert.equal(refusedFor(limits, "alice"), undefined);
  assert.deepEqual(refusedFor(limits, "alice"), ["requestsPerSecond", 1]);
});

test("open streams: one more only when one is over, however often that is said", () => {
  const { limits } = setUp([{ user: "alice", openStreams: 2 }]);
  const first = limits.admit("alice");
  limits.admit("alice");
  assert.deepEqual(refusedFor(limits, "alice"), ["openStreams", 1]);
  first.release();
  first.release();
  limits.admit("alice");
  assert.deepEqual(refusedFor(limits, "alice"), ["openStreams", 1]);
});

test("a refusal for open streams uses up no request of the second", () => {
  const { limits } = setUp([{ user: "alice", openStreams: 1, requestsPerSecond: 2 }]);
  const lease = limits.admit("alice");
  for (let n = 0; n < 5; n += 1) assert.deepEqual(refusedFor(limits, "alice"), ["openStreams", 1]);
  lease.release();
  assert.equal(refusedFor(limits, "alice"), undefined);
});

test("bytes a day: who is over is cut off at once, refused until midnight, and begins anew", () => {
  const { limits, clock, logger } = setUp([{ user: "alice", bytesPerDay: 1000 }]);
  const one = carry(limits.admit("alice"));
  const other = carry(limits.admit("alice"));
  one.moved = 600;
  clock.advance(SAMPLE_MS);
  other.moved = 399;
  clock.advance(SAMPLE_MS);
  assert.equal(one.ended, undefined);
  one.moved = 601;
  clock.advance(SAMPLE_MS);
  for (const { ended } of [one, other]) assert.equal(ended?.code, "ERR_USER_LIMIT");
  assert.equal(clock.pending, 0);
  assert.deepEqual(logger.lines, [
    'info a user has used up the bytes of the day and was cut off {"user":"alice","bytesPerDay":1000,"ended":2}',
  ]);
  assert.deepEqual(refusedFor(limits, "alice"), ["bytesPerDay", 2 * 3600 - 3]);
  clock.advance(2 * 3_600_000 - 3000 - 1);
  assert.deepEqual(refusedFor(limits, "alice"), ["bytesPerDay", 1]);
  clock.advance(1);
  assert.equal(refusedFor(limits, "alice"), undefined);
});

test("a stream over midnight counts for the new day only with what it moves then", () => {
  const { limits, clock } = setUp([{ user: "alice", bytesPerDay: 1000 }]);
  const request = carry(limits.admit("alice"));
  request.moved = 900;
  clock.advance(2 * 3_600_000);
  request.moved = 1899;
  clock.advance(SAMPLE_MS);
  assert.equal(request.ended, undefined);
  request.moved = 1900;
  clock.advance(SAMPLE_MS);
  assert.notEqual(request.ended, undefined);
});

test("short requests count too, when they end; the one that ends is not ended again", () => {
  const { limits, clock } = setUp([{ user: "alice", bytesPerDay: 1000 }]);
  const long = carry(limits.admit("alice"));
  const lease = limits.admit("alice");
  const short = carry(lease);
  short.moved = 1000;
  lease.release();
  assert.equal(short.ended, undefined);
  assert.notEqual(long.ended, undefined);
  assert.deepEqual(refusedFor(limits, "alice"), ["bytesPerDay", 2 * 3600]);
  assert.equal(clock.pending, 0);
});

test("everybody is each for oneself, and who has a limit by name is not everybody", () => {
  const { limits } = setUp([
    { user: "*", requestsPerSecond: 1 },
    { user: "alice", requestsPerSecond: 2 },
  ]);
  for (const user of ["bob", "", "carol"]) {
    assert.equal(refusedFor(limits, user), undefined, user);
    assert.deepEqual(refusedFor(limits, user), ["requestsPerSecond", 1], user);
  }
  assert.equal(refusedFor(limits, "alice"), undefined);
  assert.equal(refusedFor(limits, "alice"), undefined);
  assert.deepEqual(refusedFor(limits, "alice"), ["requestsPerSecond", 1]);
});

test("the day's count outlives a restart, but not the day, nor a limit that was lifted", () => {
  const limit = [{ user: "alice", bytesPerDay: 1000 }];
  const { limits, clock, records } = setUp(limit);
  const lease = limits.admit("alice");
  carry(lease).moved = 1000;
  lease.release();
  assert.deepEqual(refusedFor(setUp(limit, records, clock).limits, "alice"), ["bytesPerDay", 2 * 3600]);
  assert.equal(refusedFor(setUp(limit, records, new FakeClock(EVENING_MS + 7_200_000)).limits, "alice"), undefined);
  // It may have been the clock that was wrong.
  assert.deepEqual(refusedFor(setUp(limit, records, clock).limits, "alice"), ["bytesPerDay", 2 * 3600]);
  records.kept.clear();
  for (const damaged of ["damaged", null, { day: "x" }, { bytes: -1 }]) records.put("", `user ${damaged}`, damaged);
  setUp([{ user: "*", bytesPerDay: 1 }], records, clock);
  assert.equal(records.kept.size, 0);
});

test("a clock that is set back gives nobody a second day", () => {
  const { limits, clock } = setUp([{ user: "alice", bytesPerDay: 10 }]);
  const lease = limits.admit("alice");
  carry(lease).moved = 10;
  lease.release();
  clock.advance(-86_400_000);
  assert.deepEqual(refusedFor(limits, "alice"), ["bytesPerDay", 2 * 3600]);
});

test("a clock that is ahead for a moment neither loses the day's count nor shuts a user out until then", () => {
  const limit = [{ user: "alice", bytesPerDay: 10 }];
  const { limits, clock, records } = setUp(limit);
  const use = (from: UserLimits, bytes: number): void => {
    const lease = from.admit("alice");
    carry(lease).moved = bytes;
    lease.release();
  };
  use(limits, 7);
  clock.step(60 * 86_400_000);
  use(limits, 9);
  clock.step(-60 * 86_400_000);
  // Three are left of this day, before and after a restart.
  use(limits, 2);
  const next = setUp(limit, records, clock).limits;
  use(next, 1);
  assert.deepEqual(refusedFor(next, "alice"), ["bytesPerDay", 2 * 3600]);
  for (let day = 1; day <= 20; day += 1) {
    clock.step(86_400_000);
    use(next, 1);
  }
  assert.ok((JSON.stringify([...records.kept.values()]).match(/\[\d/g)?.length ?? 99) <= INGRESS_LIMITS.usedDays.value);
});
