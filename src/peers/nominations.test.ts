import assert from "node:assert/strict";
import { test } from "node:test";
import { PEERS_LIMITS } from "./limits.ts";
import { Nominations } from "./nominations.ts";

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

/** The next `count` names that have not been taken. */
function take(nominations: Nominations, count: number, taken = new Set<string>()): readonly string[] {
  return Array.from({ length: count }, () => {
    const found = nominations.next((peer) => (taken.has(peer) ? undefined : peer));
    if (found !== undefined) taken.add(found);
    return found ?? "none";
  });
}

test("networks take turns, each with the names that it handed out first", () => {
  const nominations = new Nominations();
  nominations.name("one", names("a", 50));
  nominations.name("two", names("b", 2));
  assert.deepEqual(take(nominations, 6), ["a0", "b0", "a1", "b1", "a2", "a3"]);
});

test("what another network named as well comes first", () => {
  const nominations = new Nominations();
  nominations.name("one", names("a", 20));
  nominations.name("two", ["b0", "a7"]);
  assert.ok(nominations.isVouched("a7"));
  assert.ok(!nominations.isVouched("a0"));
  assert.deepEqual(take(nominations, 3), ["a7", "b0", "a0"]);
});

test("one network does not vouch twice, and none vouches whose names did not answer", () => {
  const nominations = new Nominations();
  nominations.name("one", ["a"]);
  nominations.name("one", ["a"]);
  assert.ok(!nominations.isVouched("a"));
  nominations.name("two", ["a", ...names("x", 8)]);
  assert.ok(nominations.isVouched("a"));
  for (const name of names("x", 8)) nominations.noteChecked(name, false);
  assert.ok(!nominations.isVouched("a"));
});

test("a network whose names do not answer keeps one turn of a few, and is believed again when they do", () => {
  const nominations = new Nominations();
  const { doubtedTurns, tellerOutcomes } = PEERS_LIMITS;
  nominations.name("honest", names("a", 200));
  nominations.name("hostile", names("x", 200));
  const isFalse = (name: string): boolean => name.startsWith("x");
  const taken = new Set<string>();
  for (const name of take(nominations, 20, taken)) nominations.noteChecked(name, !isFalse(name));
  const later = take(nominations, doubtedTurns.value * 4, taken);
  assert.ok(later.filter(isFalse).length <= 4, later.join());
  assert.ok(later.some(isFalse));
  for (let n = 0; n < tellerOutcomes.value; n += 1) nominations.noteChecked("x0", true);
  assert.equal(take(nominations, 20, taken).filter(isFalse).length, 10);
});

test("a new answer comes before the names of older ones", () => {
  const nominations = new Nominations();
  nominations.name("one", names("a", 40));
  nominations.name("one", ["b", "a3"]);
  assert.deepEqual(take(nominations, 3), ["b", "a3", "a0"]);
});

test("names that do not fit are passed over a few at a time, and come up all the same", () => {
  const nominations = new Nominations();
  nominations.name("one", [...names("a", 200), "wanted"]);
  let looks = 0;
  const look = (): string | undefined =>
    nominations.next((peer) => {
      looks += 1;
      return peer === "wanted" ? peer : undefined;
    });
  assert.equal(look(), undefined);
  assert.equal(looks, PEERS_LIMITS.namesLookedAt.value);
  let found: string | undefined;
  for (let turn = 0; turn < 8; turn += 1) found ??= look();
  assert.equal(found, "wanted");
});

test("no more names of a network, and no more networks, are remembered than the bounds", () => {
  const nominations = new Nominations();
  const { namesPerTeller, tellers } = PEERS_LIMITS;
  for (let answer = 0; answer < 20; answer += 1) nominations.name("one", names(`${answer} `, 50));
  assert.equal(nominations.size, namesPerTeller.value);
  for (let n = 0; n < tellers.value; n += 1) nominations.name(`network ${n}`, [`of ${n}`]);
  assert.equal(nominations.size, tellers.value, "the first network is forgotten with its names");
});
