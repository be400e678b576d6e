import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../core/fake-clock.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import type { SessionKey } from "./held-session.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import { type SessionRules, SessionTable } from "./session-table.ts";

const TEN_MINUTES_MS = 600_000;
const RULES: SessionRules = { sessionSec: 600, strict: false };
const STRICT: SessionRules = { sessionSec: 600, strict: true };
const KEY: SessionKey = { user: "ann", session: "abc", listener: "127.0.0.1:1080", constraints: "country=us" };
const [X, Y, Z] = [{ peerId: "x", asn: 7922 }, { peerId: "y", asn: 3320 }, { peerId: "z" }];

interface Site {
  readonly clock: FakeClock;
  readonly records: MemoryRecords;
  readonly table: SessionTable;
  /** One that read what was kept. */
  again(): SessionTable;
}

/** The clock stands at the beginning of a period of ten minutes. */
function site(): Site {
  const clock = new FakeClock();
  const records = new MemoryRecords();
  const open = (): SessionTable => new SessionTable({ clock, records });
  return { clock, records, table: open(), again: open };
}

test("a session keeps the first exit that is held for all of its time", () => {
  const { clock, table } = site();
  const { seed, ...rest } = table.find(KEY, RULES);
  assert.match(seed, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, {});
  assert.equal(table.hold(KEY, X), undefined);
  for (let n = 0; n < 10; n++) {
    assert.deepEqual(table.find(KEY, RULES), { seed, exit: "x", asn: 7922 });
    assert.equal(table.hold(KEY, X), undefined);
    clock.advance(TEN_MINUTES_MS / 10);
  }
  assert.notEqual(table.find(KEY, RULES).exit, "x");
});

test("a session's end is known as long as it is", () => {
  const { clock, table } = site();
  assert.equal(table.endsAtMs(KEY), undefined);
  table.find(KEY, RULES);
  const endsAtMs = clock.nowMs() + TEN_MINUTES_MS;
  clock.advance(1_000);
  table.find(KEY, RULES);
  assert.equal(table.endsAtMs(KEY), endsAtMs);
});

test("a stream that was long in opening brings no other exit, only a reason does", () => {
  const { table } = site();
  table.find(KEY, RULES);
  table.hold(KEY, X);
  assert.equal(table.hold(KEY, Y), undefined);
  assert.equal(table.find(KEY, RULES).exit, "x");
});

for (const reason of ["failed", "unfit"] as const) {
  test(`a change because the exit was ${reason} is told once, and keeps the session's time`, () => {
    const { clock, table } = site();
    const { seed } = table.find(KEY, RULES);
    table.hold(KEY, X);
    clock.advance(TEN_MINUTES_MS / 2);
    assert.deepEqual(table.hold(KEY, Y, reason), { from: "x", reason });
    // The other streams that failed with it.
    assert.equal(table.hold(KEY, Y, reason), undefined);
    // One that was opened before.
    assert.equal(table.hold(KEY, X), undefined);
    assert.deepEqual(table.find(KEY, RULES), { seed, exit: "y", asn: 3320 });
    clock.advance(TEN_MINUTES_MS / 2);
    assert.equal(table.find(KEY, RULES).exit, undefined);
  });
}

test("when its time is over the next period begins: another seed, the former exit to be avoided, told once", () => {
  const { clock, table } = site();
  const first = table.find(KEY, RULES);
  table.hold(KEY, X);
  clock.advance(TEN_MINUTES_MS);
  const second = table.find(KEY, RULES);
  assert.notEqual(second.seed, first.seed);
  assert.deepEqual(second, { seed: second.seed, asn: 7922, previous: "x" });
  assert.deepEqual(table.find(KEY, RULES), second);
  assert.deepEqual(table.hold(KEY, Z), { from: "x", reason: "expired" });
  assert.equal(table.hold(KEY, Z), undefined);
  assert.deepEqual(table.find(KEY, RULES), { seed: second.seed, exit: "z", previous: "x" });
  clock.advance(TEN_MINUTES_MS);
  const third = table.find(KEY, RULES);
  assert.equal(third.previous, "z");
  // Nobody else fits: no change.
  assert.equal(table.hold(KEY, Z), undefined);
});

test("a period in which no exit was found leads to the next, with what was before", () => {
  const { clock, table } = site();
  table.find(KEY, RULES);
  table.hold(KEY, X);
  clock.advance(TEN_MINUTES_MS);
  table.find(KEY, RULES);
  clock.advance(TEN_MINUTES_MS);
  assert.equal(table.find(KEY, STRICT).previous, "x");
  assert.deepEqual(table.hold(KEY, Y, "failed"), { from: "x", reason: "expired" });
});

test("a strict session that ended is an error until a day has gone by, also after a restart", () => {
  const { clock, table, again } = site();
  table.find(KEY, STRICT);
  table.hold(KEY, X);
  clock.advance(TEN_MINUTES_MS - 1);
  assert.equal(table.find(KEY, STRICT).exit, "x");
  clock.advance(1);
  const ended = { code: "ERR_SESSION_ENDED", message: /ended at 2027-01-15T08:10:00.000Z/ };
  for (let n = 0; n < 2; n++) assert.throws(() => table.find(KEY, STRICT), ended);
  clock.advance(ROUTING_LIMITS.sessionForgetMs.value - 1);
  assert.throws(() => table.find(KEY, STRICT), ended);
  assert.throws(() => again().find(KEY, STRICT), ended);
  clock.advance(1);
  const { seed, ...rest } = table.find(KEY, STRICT);
  assert.deepEqual(rest, {}, "a new session of the same name");
  assert.deepEqual(again().find(KEY, STRICT), { seed });
});

test("an ended session goes on when strict is left out, or a longer time is asked", () => {
  for (const rules of [RULES, { sessionSec: 3_600, strict: true }]) {
    const { clock, table } = site();
    table.find(KEY, STRICT);
    table.hold(KEY, X);
    clock.advance(TEN_MINUTES_MS);
    assert.throws(() => table.find(KEY, STRICT), { code: "ERR_SESSION_ENDED" });
    assert.equal(table.find(KEY, rules).exit, rules.strict ? "x" : undefined);
  }
});

test("a strict request keeps the exit that the session began with, also after others moved it, and after a restart", () => {
  const { clock, table, again } = site();
  table.find(KEY, RULES);
  table.hold(KEY, X);
  for (const exit of [Y, Z]) table.hold(KEY, exit, "failed");
  for (const one of [table, again()]) {
    const { exit, movedTo } = one.find(KEY, STRICT);
    assert.deepEqual([exit, movedTo], ["x", "z"]);
    assert.equal(one.peek(KEY, STRICT).exit, "x");
    assert.equal(one.hold(KEY, X), undefined, "the first exit was back for a strict request");
    assert.equal(one.find(KEY, RULES).exit, "z", "which moves nobody else");
  }
  clock.advance(TEN_MINUTES_MS - 1);
  assert.equal(table.find(KEY, STRICT).exit, "x");
});

test("others that begin an ended strict session anew give strict requests no other exit for a day", () => {
  const { clock, table, again } = site();
  table.find(KEY, RULES);
  table.hold(KEY, X);
  table.find(KEY, STRICT);
  clock.advance(TEN_MINUTES_MS);
  table.find(KEY, RULES);
  table.hold(KEY, Y);
  const ended = { code: "ERR_SESSION_ENDED", message: /ended at 2027-01-15T08:10:00.000Z.*without strict has begun/ };
  for (const one of [table, again()]) assert.throws(() => one.find(KEY, STRICT), ended);
  assert.equal(table.find(KEY, RULES).exit, "y");
  clock.advance(ROUTING_LIMITS.sessionForgetMs.value - 1);
  table.find(KEY, RULES);
  table.hold(KEY, Z);
  assert.throws(() => table.find(KEY, STRICT), ended);
  clock.advance(1);
  assert.equal(table.find(KEY, STRICT).exit, "z");
});

test("if no strict request used a period, the next one is as good as the first", () => {
  const { clock, table } = site();
  table.find(KEY, RULES);
  table.hold(KEY, X);
  table.hold(KEY, Y, "failed");
  clock.advance(TEN_MINUTES_MS);
  table.find(KEY, RULES);
  table.hold(KEY, Z);
  assert.equal(table.find(KEY, STRICT).exit, "z");
});

test("clients that see a session in one period agree on its seed, whatever the listener and the hour of the start", () => {
  const [here, there] = [site(), site()];
  there.clock.advance(TEN_MINUTES_MS - 1);
  const { seed } = here.table.find(KEY, RULES);
  assert.equal(there.table.find({ ...KEY, listener: "[::1]:9" }, RULES).seed, seed);
  there.clock.advance(1);
  assert.notEqual(there.table.find({ ...KEY, listener: "new" }, RULES).seed, seed);
});

test("sessions differ by user, name, listener and constraints, and no name can be made to look like another", () => {
  const { table } = site();
  const keys: readonly SessionKey[] = [
    KEY,
    { ...KEY, user: "bob" },
    { ...KEY, session: "ABC" },
    { ...KEY, listener: "other" },
    { ...KEY, constraints: "" },
    { ...KEY, user: "annabc", session: "" },
    { ...KEY, user: "ann,abc", session: "d" },
    { ...KEY, user: "ann", session: "abc,d" },
    { ...KEY, user: "x".repeat(10_240) },
    { ...KEY, user: "ann\u0000\r\n" },
  ];
  for (const [n, key] of keys.entries()) {
    table.find(key, RULES);
    table.hold(key, { peerId: `exit${n}` });
  }
  for (const [n, key] of keys.entries()) assert.equal(table.find(key, RULES).exit, `exit${n}`);
  const seeds = keys.map((key) => table.find(key, RULES).seed);
  // The listener alone makes no other seed.
  assert.equal(new Set(seeds).size, keys.length - 1);
});

test("property: whatever one user does, another's session is as it was", () => {
  const text = fc.string({ maxLength: 8 });
  const ask = fc.record({ user: text, session: text, listener: text, constraints: text });
  fc.assert(
    fc.property(ask, fc.array(ask, { maxLength: 20 }), (mine, others) => {
      const { table } = site();
      const { seed } = table.find(mine, RULES);
      table.hold(mine, X);
      for (const other of others.filter(({ user }) => user !== mine.user)) {
        const found = table.find(other, STRICT);
        assert.notEqual(found.seed, seed);
        table.hold(other, Y, "failed");
      }
      assert.deepEqual(table.find(mine, STRICT), { seed, exit: "x", asn: 7922 });
    }),
  );
});

test("sessions are bounded, in memory and in what is kept; the one used longest ago goes", () => {
  const { records, table, again } = site();
  const key = (n: number): SessionKey => ({ ...KEY, session: `s${n}` });
  const most = ROUTING_LIMITS.sessions.value;
  for (let n = 0; n < most; n++) {
    table.find(key(n), RULES);
    table.hold(key(n), X);
  }
  table.find(key(0), RULES);
  table.find(key(most), RULES);
  assert.equal(table.size, most);
  assert.equal([...records.load("session")].length, most - 1);
  assert.equal(table.find(key(0), RULES).exit, "x");
  assert.equal(again().size, most - 1);
  // Its stream opens only after it was pushed out: by asking for it another one goes.
  assert.equal(table.hold(key(1), X), undefined);
  assert.equal(table.find(key(1), RULES).exit, undefined);
  assert.equal(table.find(key(2), RULES).exit, undefined);
});

test("a restart keeps exits, seeds and time", () => {
  const { clock, table, again } = site();
  const other = { ...KEY, session: "other" };
  for (const key of [KEY, other]) table.find(key, RULES);
  table.hold(KEY, X);
  table.hold(other, Z);
  clock.advance(TEN_MINUTES_MS - 1);
  const later = again();
  for (const key of [KEY, other]) assert.deepEqual(later.find(key, RULES), table.find(key, RULES));
  clock.advance(1);
  const latest = again();
  for (const key of [KEY, other]) assert.deepEqual(latest.find(key, RULES), table.find(key, RULES));
  assert.deepEqual(latest.hold(KEY, Y), { from: "x", reason: "expired" });
});

test("a restart forgets what ended more than a day ago, and what cannot be ours", () => {
  const { clock, records, table, again } = site();
  table.find(KEY, RULES);
  table.hold(KEY, X);
  const bad = [null, 7, "x", [], [1, 2], ["1", 2, 3, "x", null, null], { startedMs: 1 }];
  for (const [n, value] of bad.entries()) records.put("session", `bad${n}`, value);
  assert.equal(again().size, 1);
  assert.equal([...records.load("session")].length, 1);
  clock.advance(TEN_MINUTES_MS + ROUTING_LIMITS.sessionForgetMs.value);
  assert.equal(again().size, 0);
  assert.equal([...records.load("session")].length, 0);
});

test("after a restart it is still the oldest session that goes", () => {
  const { clock, records, again } = site();
  const startedMs = clock.nowMs();
  for (let n = 0; n < ROUTING_LIMITS.sessions.value; n++) {
    records.put("session", `s${n}`, [n === 5 ? startedMs - 1 : startedMs, 3_000_000, 600, "x", null, null]);
  }
  again().find(KEY, RULES);
  const kept = new Set([...records.load("session")].map(([name]) => name));
  assert.equal(kept.has("s5"), false);
  assert.equal(kept.has("s0"), true);
});

test("what is kept names no user, session or listener", () => {
  const { records, table } = site();
  table.find(KEY, RULES);
  table.hold(KEY, X);
  const [[name, value] = []] = [...records.load("session")];
  assert.match(name ?? "", /^[0-9a-f]{32}$/);
  assert.doesNotMatch(JSON.stringify(value), /ann|abc|127|country/);
});

test("a clock that was ahead gives no session more than its time", () => {
  const { clock, records, again } = site();
  let aheadMs = 400 * 86_400_000;
  const moved = {
    nowMs: () => clock.nowMs() + aheadMs,
    monotonicMs: () => clock.monotonicMs(),
    after: clock.after.bind(clock),
    every: clock.every.bind(clock),
  };
  const table = new SessionTable({ clock: moved, records });
  table.find(KEY, RULES);
  table.hold(KEY, X);
  aheadMs = 0;
  for (const later of [table, again()]) assert.equal(later.find(KEY, RULES).exit, "x");
  const restarted = again();
  clock.advance(TEN_MINUTES_MS);
  for (const later of [table, restarted]) assert.equal(later.find(KEY, RULES).exit, undefined);
});

test("who only looks sees what a request would, and changes nothing", () => {
  const { clock, table, again } = site();
  const { seed } = table.peek(KEY, RULES);
  assert.equal(table.size, 0);
  assert.equal(table.find(KEY, RULES).seed, seed);
  table.hold(KEY, X);
  assert.equal(table.peek(KEY, RULES).exit, "x");
  clock.advance(TEN_MINUTES_MS);
  assert.deepEqual([table.peek(KEY, RULES).exit, table.peek(KEY, RULES).previous], [undefined, "x"]);
  assert.throws(() => table.peek(KEY, STRICT), { code: "ERR_SESSION_ENDED" });
  assert.equal(table.find(KEY, { ...RULES, sessionSec: 3600 }).exit, "x", "it was not ended by a look");
  assert.equal(again().size, 1);
});
