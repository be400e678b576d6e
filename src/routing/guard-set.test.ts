import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { DAY_MS } from "../core/units.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import { SettledClock } from "../storage/settled-clock.ts";
import { GuardSet, type GuardSource } from "./guard-set.ts";
import { ROUTING_LIMITS } from "./limits.ts";

const PAUSE_MS = ROUTING_LIMITS.guardPauseMs.value;
const AWAY_MS = ROUTING_LIMITS.guardAwayMs.value;

/** Nodes g0, g1 … of which some are listed; drawn in that order, none twice. */
class Network implements GuardSource {
  readonly unlisted = new Set<string>();
  readonly drawn: string[] = [];
  readonly taken: (readonly string[])[] = [];
  size: number;

  constructor(size: number) {
    this.size = size;
  }

  isListed(peerId: string): boolean {
    return !this.unlisted.has(peerId) && Number(peerId.slice(1)) < this.size;
  }

  draw(except: ReadonlySet<string>, taken: readonly string[]): string | undefined {
    const all = Array.from({ length: this.size }, (_, n) => `g${n}`);
    const peerId = all.find((name) => this.isListed(name) && !except.has(name) && !this.drawn.includes(name));
    if (peerId !== undefined) {
      this.drawn.push(peerId);
      this.taken.push(taken);
    }
    return peerId;
  }
}

interface Site {
  readonly clock: FakeClock;
  readonly records: MemoryRecords;
  readonly network: Network;
  readonly set: GuardSet;
  again(seed?: number): GuardSet;
}

function site(size = 100): Site {
  const clock = new FakeClock();
  const records = new MemoryRecords();
  const open = (seed = 1): GuardSet => new GuardSet({ clock, random: seededRandom(seed), records });
  return { clock, records, network: new Network(size), set: open(), again: open };
}

/** The guards, with the first two, which take turns, in order of their numbers. */
function guards(set: GuardSet, network: Network): readonly string[] {
  const [first, second, ...rest] = set.guards(network);
  const turned = [first, second].filter((name) => name !== undefined);
  return [...turned.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))), ...rest];
}

/** Every guard that is asked for within `days` fails; what was asked for. */
function attack({ clock, network }: Site, set: GuardSet, days: number): ReadonlySet<string> {
  const tried = new Set<string>();
  for (let minute = 0; minute < days * 1_440; minute++) {
    for (const peerId of set.guards(network)) {
      tried.add(peerId);
      set.noteFailure(peerId);
    }
    clock.advance(60_000);
  }
  return tried;
}

test("three are drawn, none of them related to another, and they stay", () => {
  const { clock, network, set } = site();
  assert.deepEqual(guards(set, network), ["g0", "g1", "g2"]);
  assert.deepEqual(network.taken, [[], ["g0"], ["g0", "g1"]]);
  clock.advance(49 * DAY_MS);
  assert.deepEqual(guards(set, network), ["g0", "g1", "g2"]);
  assert.equal(network.drawn.length, 3);
});

test("the first two are used by turns, the third is for when one of them will not do", () => {
  const { network, set } = site();
  const firsts = new Map<string, number>();
  for (let n = 0; n < 1_000; n++) {
    const [first = "", , third] = set.guards(network);
    firsts.set(first, (firsts.get(first) ?? 0) + 1);
    assert.equal(third, "g2");
  }
  assert.deepEqual([...firsts.keys()].sort(), ["g0", "g1"]);
  assert.ok((firsts.get("g0") ?? 0) > 400 && (firsts.get("g1") ?? 0) > 400);
});

test("where there are few nodes there are few guards, and more when more come", () => {
  const { network, set } = site(0);
  assert.deepEqual(guards(set, network), []);
  network.size = 1;
  assert.deepEqual(guards(set, network), ["g0"]);
  network.size = 10;
  assert.deepEqual(guards(set, network), ["g0", "g1", "g2"]);
});

test("confirmed ones come first, in the order in which they were confirmed", () => {
  const { network, set } = site();
  guards(set, network);
  set.noteSuccess("g2");
  set.noteSuccess("stranger");
  assert.deepEqual(guards(set, network), ["g0", "g2", "g1"]);
  set.noteSuccess("g1");
  set.noteSuccess("g2");
  assert.deepEqual(guards(set, network), ["g1", "g2", "g0"]);
});

test("one that fails is left out for a pause that doubles, waited for, and then back in its place", () => {
  const { clock, network, set } = site();
  for (const peerId of set.guards(network)) set.noteSuccess(peerId);
  const order = guards(set, network);
  const [failing = "", ...others] = order;
  let pauseMs = PAUSE_MS;
  for (let round = 0; round < 3; round++) {
    set.noteFailure(failing);
    // As when all its links break at once.
    set.noteFailure(failing);
    clock.advance(pauseMs - 1);
    assert.deepEqual(set.guards(network).toSorted(), others.toSorted(), `round ${round}`);
    clock.advance(1);
    assert.deepEqual(guards(set, network), order, `round ${round}`);
    pauseMs *= 2;
  }
  assert.equal(network.drawn.length, 3);
  set.noteSuccess(failing);
  set.noteFailure(failing);
  clock.advance(PAUSE_MS);
  assert.deepEqual(guards(set, network), order, "a success begins anew");
});

test("pauses have an end, so that a guard that comes back after days is seen within the hour", () => {
  const { clock, network, set } = site();
  const [first = ""] = guards(set, network);
  for (let n = 0; n < 500; n++) {
    set.noteFailure(first);
    clock.advance(ROUTING_LIMITS.guardPauseMaxMs.value);
    assert.ok(set.guards(network).includes(first));
  }
});

test("where one stays away for an hour another is drawn, and when it comes back it is preferred again", () => {
  for (const way of ["failing", "unlisted"] as const) {
    const { clock, network, set } = site();
    for (const peerId of ["g0", "g1", "g2"]) {
      guards(set, network);
      set.noteSuccess(peerId);
    }
    const leave = (): void => {
      if (way === "unlisted") network.unlisted.add("g0");
      else set.noteFailure("g0");
    };
    for (let gone = 0; gone < AWAY_MS; gone += PAUSE_MS) {
      leave();
      assert.deepEqual(guards(set, network).slice(0, 2), ["g1", "g2"], way);
      set.noteSuccess("g1");
      clock.advance(PAUSE_MS);
      assert.equal(network.drawn.length, 3, way);
    }
    clock.advance(PAUSE_MS);
    leave();
    assert.deepEqual(guards(set, network), ["g1", "g2", "g3"], way);
    set.noteSuccess("g3");
    network.unlisted.clear();
    clock.advance(2 * AWAY_MS);
    assert.deepEqual(guards(set, network), ["g0", "g1", "g2"], way);
  }
});

test("one that is not listed for 14 days is forgotten; before that it keeps its place", () => {
  const { clock, network, set } = site();
  guards(set, network);
  set.noteSuccess("g1");
  network.unlisted.add("g1");
  guards(set, network);
  clock.advance(ROUTING_LIMITS.guardUnlistedMs.value - 1);
  network.unlisted.delete("g1");
  assert.deepEqual(guards(set, network), ["g0", "g1", "g2"]);
  network.unlisted.add("g1");
  guards(set, network);
  clock.advance(ROUTING_LIMITS.guardUnlistedMs.value);
  guards(set, network);
  network.unlisted.delete("g1");
  assert.deepEqual(guards(set, network), ["g0", "g2", "g3"]);
});

test("each is kept for 50 to 70 days from its confirming, and not all go at once", () => {
  const { clock, network, set } = site();
  guards(set, network);
  clock.advance(20 * DAY_MS);
  for (const peerId of ["g0", "g1", "g2"]) set.noteSuccess(peerId);
  const gone: number[] = [];
  const held = new Set(["g0", "g1", "g2"]);
  for (let day = 0; day <= 70; day++) {
    const now = set.guards(network);
    for (const peerId of held) {
      if (now.includes(peerId)) continue;
      held.delete(peerId);
      gone.push(day);
    }
    clock.advance(DAY_MS);
  }
  assert.equal(gone.length, 3);
  assert.ok(
    gone.every((day) => day >= 50 && day <= 70),
    `${gone}`,
  );
  assert.equal(new Set(gone).size, 3);
});

test("who blocks every guard makes the client try a few in a day, and no more than twenty in all", () => {
  const here = site(1_000);
  const { set } = here;
  const day = attack(here, set, 1);
  assert.equal(day.size, ROUTING_LIMITS.guardDrawsADay.value);
  attack(here, set, 14);
  assert.equal(here.network.drawn.length, ROUTING_LIMITS.sampledGuards.value);
});

test("a restart draws no more than the day allows, either", () => {
  const here = site(1_000);
  for (let n = 0; n < 10; n++) attack(here, here.again(n), 1 / 12);
  assert.equal(here.network.drawn.length, ROUTING_LIMITS.guardDrawsADay.value);
});

test("where all fail those that fail are offered, the one whose pause ends first before the others", () => {
  const here = site(3);
  const { clock, network, set } = here;
  for (const [n, peerId] of guards(set, network).entries()) {
    clock.advance(n);
    set.noteFailure(peerId);
  }
  assert.deepEqual(set.guards(network), ["g0", "g1", "g2"]);
  network.unlisted.add("g0");
  assert.deepEqual(set.guards(network), ["g1", "g2"]);
});

test("after an outage of our own the first success ends all pauses", () => {
  const { clock, network, set } = site();
  for (const peerId of guards(set, network)) set.noteSuccess(peerId);
  clock.advance(ROUTING_LIMITS.guardOutageMs.value);
  for (const peerId of ["g0", "g1", "g2"]) set.noteFailure(peerId);
  assert.deepEqual(guards(set, network), ["g3"]);
  set.noteSuccess("g3");
  assert.deepEqual(guards(set, network), ["g0", "g1", "g2"]);
  // Without an outage a success says nothing of others.
  set.noteFailure("g0");
  clock.advance(1);
  set.noteSuccess("g1");
  assert.ok(!set.guards(network).includes("g0"));
});

test("a full sample lets go of the one that was unlisted longest, and of none that merely fails", () => {
  const here = site(1_000);
  const { clock, network, set } = here;
  attack(here, set, 5);
  assert.equal(network.drawn.length, 20);
  network.unlisted.add("g4");
  set.guards(network);
  clock.advance(1);
  for (let n = 0; n < 20; n++) network.unlisted.add(`g${n}`);
  assert.deepEqual(set.guards(network), ["g20"]);
  clock.advance(2);
  network.unlisted.delete("g4");
  assert.ok(!set.guards(network).includes("g4"));
  network.unlisted.delete("g5");
  clock.advance(AWAY_MS);
  assert.ok(set.guards(network).includes("g5"));
});

test("a restart keeps guards, their order and their time", () => {
  const { clock, network, set, again } = site();
  guards(set, network);
  set.noteSuccess("g2");
  set.noteSuccess("g0");
  clock.advance(30 * DAY_MS);
  const other = again(7);
  assert.deepEqual(guards(other, network), guards(set, network));
  assert.equal(network.drawn.length, 3);
  clock.advance(41 * DAY_MS);
  assert.ok(!other.guards(network).includes("g2"));
});

test("what was kept and cannot be ours is passed over", () => {
  const kept: readonly (readonly [string, readonly string[]])[] = [
    ["null", ["g0", "g1", "g2"]],
    ['{"drawn":{},"guards":7}', ["g0", "g1", "g2"]],
    ['{"drawn":["x"],"guards":[null,[],["g9"],[1,2,3],["g7",0,1,null]]}', ["g0", "g1", "g2"]],
    // The clock was wrong when these were written; the second is there twice.
    ['{"guards":[["g8",9e15,9e15,9e15],["g9",9e15,9e15,null],["g9",1,1,null]]}', ["g8", "g9", "g0"]],
  ];
  for (const [json, expected] of kept) {
    const { clock, records, network, again } = site();
    records.put("guards", "sample", JSON.parse(json));
    const set = again();
    assert.deepEqual(guards(set, network), expected, json);
    clock.advance(71 * DAY_MS);
    const later = set.guards(network);
    assert.ok(!later.includes("g8") && !later.includes("g9"), json);
  }
});

test("of kept guards no more are read than the bound on all", () => {
  const { clock, records, network, again } = site();
  const { sampledGuards, guardKeepMs } = ROUTING_LIMITS;
  const kept = Array.from({ length: sampledGuards.value + 5 }, (_, n) => [
    `g${n}`,
    clock.nowMs(),
    guardKeepMs.value,
    null,
  ]);
  records.put("guards", "sample", { drawn: [], guards: kept });
  const set = again();
  assert.equal(guards(set, network).length, 3);
  set.noteSuccess("g0");
  const [[, sample] = []] = records.load("guards");
  assert.equal((sample as { readonly guards: readonly unknown[] }).guards.length, sampledGuards.value);
});

test("property: never more than three, all listed, none twice, and the bounds on drawing hold", () => {
  const name = fc.integer({ min: 0, max: 30 }).map((n) => `g${n}`);
  const step = fc.oneof(
    fc.tuple(fc.constant("fail" as const), fc.nat(2)),
    fc.tuple(fc.constant("work" as const), fc.nat(2)),
    fc.tuple(fc.constant("list" as const), name),
    fc.tuple(fc.constant("unlist" as const), name),
    fc.tuple(fc.constant("wait" as const), fc.integer({ min: 1, max: 3 * DAY_MS })),
    fc.tuple(fc.constant("restart" as const), fc.nat(1_000)),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { clock, network, set, again } = site(31);
      let current = set;
      const drawnAt: number[] = [];
      for (const [kind, what] of steps) {
        const now = current.guards(network);
        while (drawnAt.length < network.drawn.length) drawnAt.push(clock.nowMs());
        assert.ok(now.length <= 3 && new Set(now).size === now.length);
        for (const peerId of now) assert.ok(network.isListed(peerId));
        const lastDay = drawnAt.filter((ms) => clock.nowMs() - ms < DAY_MS);
        assert.ok(lastDay.length <= ROUTING_LIMITS.guardDrawsADay.value);
        if (kind === "fail") current.noteFailure(now[what] ?? "");
        else if (kind === "work") current.noteSuccess(now[what] ?? "");
        else if (kind === "list") network.unlisted.delete(what);
        else if (kind === "unlist") network.unlisted.add(what);
        else if (kind === "wait") clock.advance(what);
        else current = again(what);
      }
    }),
  );
});

test("a clock that is ahead for a moment costs no guard", () => {
  const { clock, records, network } = site();
  const settled = new SettledClock({ clock, records });
  const set = new GuardSet({ clock: settled, random: seededRandom(3), records });
  const before = set.guards(network).toSorted();
  for (const peerId of before) set.noteSuccess(peerId);
  clock.step(400 * DAY_MS);
  assert.deepEqual(set.guards(network).toSorted(), before);
  clock.step(-400 * DAY_MS);
  assert.deepEqual(set.guards(network).toSorted(), before);
});
