import assert from "node:assert/strict";
import { test } from "node:test";
import { someLink } from "../../test/support/some-link.ts";
import type { LinkSession } from "../link/link-session.ts";
import { FairSemaphore, NO_LINK } from "./fair-semaphore.ts";

const MOST = 252;
const from = (id: number, network: number): LinkSession => someLink(id, `198.51.${network}.7`);

/** Takes as many places for these in turn as they get, and says how many each has. */
function fill(semaphore: FairSemaphore, links: readonly LinkSession[]): readonly number[] {
  const got = links.map(() => 0);
  for (let isRefused = false; !isRefused; ) {
    isRefused = true;
    for (const [index, one] of links.entries()) {
      if (semaphore.fullFor(one) !== undefined) continue;
      semaphore.take(one);
      got[index] = (got[index] ?? 0) + 1;
      isRefused = false;
    }
  }
  return got;
}

test("neither a link, nor a network with many links, nor many networks take all permits", () => {
  const rows: [string, LinkSession[], number, number][] = [
    ["one link", [from(1, 1)], 105, 115],
    ["ten links of a network", Array.from({ length: 10 }, (_, n) => from(n, 1)), 84, 95],
    ["ten networks of a link each", Array.from({ length: 10 }, (_, n) => from(n, n)), 10, 40],
    ["ten networks of ten links", Array.from({ length: 100 }, (_, n) => from(n, n % 10)), 5, 15],
  ];
  for (const [what, hogs, leastLeft, mostLeft] of rows) {
    const semaphore = new FairSemaphore(MOST);
    fill(semaphore, hogs);
    const free = MOST - semaphore.taken;
    assert.ok(free >= leastLeft && free <= mostLeft, `${what} leave ${free}`);
    assert.equal(semaphore.fullFor(hogs[0] ?? NO_LINK), "others");
    assert.equal(semaphore.fullFor(from(1_000, 200)), undefined, `${what} shut out another network`);
    assert.equal(semaphore.fullFor(from(1_000, 1)), undefined, `${what} shut out another link of the network`);
  }
});

test("a network whose every link asks for one place gets no more than with one link", () => {
  const semaphore = new FairSemaphore(MOST);
  const links = Array.from({ length: MOST }, (_, n) => from(n, 1));
  for (const link of links) if (semaphore.fullFor(link) === undefined) semaphore.take(link);
  assert.equal(semaphore.taken, (MOST * 2) / 3);
  assert.equal(semaphore.fullFor(from(1_000, 1)), "others");
  assert.equal(semaphore.fullFor(from(1_000, 2)), undefined);
});

test("links without an address are no network: each has a share of its own", () => {
  const semaphore = new FairSemaphore(MOST);
  const [one = 0, other = 0] = fill(semaphore, [someLink(1), someLink(2)]);
  assert.deepEqual([one, other], fill(new FairSemaphore(MOST), [from(1, 1), from(2, 2)]));
});

test("a link and a network without places are forgotten", () => {
  const semaphore = new FairSemaphore(MOST);
  const releases = Array.from({ length: 6 }, (_, n) => semaphore.take(from(n % 3, (n % 3) % 2)));
  assert.equal(semaphore.remembered, 5);
  for (const release of releases) release();
  assert.deepEqual([semaphore.remembered, semaphore.taken], [0, 0]);
});

test("two that ask for as much as they get are served alike, and each place that is given back semaphore once", () => {
  const semaphore = new FairSemaphore(MOST);
  const [one = 0, other = 0] = fill(semaphore, [from(1, 1), from(2, 2)]);
  assert.ok(Math.abs(one - other) <= 1, `${one} and ${other}`);
  const before = semaphore.taken;
  const release = semaphore.take(NO_LINK);
  release();
  release();
  assert.equal(semaphore.taken, before);
});

test("a small pool goes to those who come first, and what no link asks for is bounded by the pool alone", () => {
  const small = new FairSemaphore(15);
  for (let n = 0; n < 15; n += 1) {
    assert.equal(small.fullFor(from(1, 1)), undefined);
    small.take(from(1, 1));
  }
  assert.equal(small.fullFor(from(2, 2)), "all");
  const semaphore = new FairSemaphore(MOST);
  assert.deepEqual(fill(semaphore, [NO_LINK]), [MOST]);
  assert.equal(semaphore.fullFor(NO_LINK), "all");
});

test("links without an address are bounded each by itself", () => {
  const semaphore = new FairSemaphore(MOST);
  fill(semaphore, [someLink(1)]);
  assert.ok(semaphore.taken < (2 * MOST) / 3);
  assert.equal(semaphore.fullFor(someLink(2)), undefined);
});
