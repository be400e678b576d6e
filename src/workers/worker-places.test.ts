import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { type FakeChild, fakeWorkers as setUp } from "../../test/support/fake-workers.ts";
import { LINK_LIMITS } from "../link/limits.ts";
import { WORKERS_LIMITS } from "./limits.ts";

/** A connection that nobody has read from, from an address. */
const from = (address: string): Socket => Object.defineProperty(new Socket(), "remoteAddress", { value: address });

/** A pool of two workers whose places are held by four networks, by one each; the sockets are all taken. */
async function fill() {
  const given = setUp(2);
  await given.start();
  const { pool, children } = given;
  for (let n = 0; n < LINK_LIMITS.links.value; n += 1) pool.accept(from(`${11 + (n % 4)}.0.0.${n >> 8}`));
  for (const child of children) for (const link of child.links) child.tell({ kind: "taken", link });
  const asked = (child: FakeChild | undefined): readonly number[] =>
    child?.sent.flatMap((message) => (message.kind === "yield" ? [message.link] : [])) ?? [];
  assert.equal(pool.takenShare, 1);
  return { ...given, asked };
}

test("a full pool asks the longest idle link of the largest network to give way, and passes the newcomer then", async () => {
  const { pool, children, settle, asked } = await fill();
  const [first, second] = children;
  const before = first?.links.length ?? 0;
  // Links 1 and 3 of the first worker are the oldest of one network; link 1 is in use.
  first?.tell({ kind: "uses", links: [[1, true]] });
  const newcomer = from("51.20.0.1");
  pool.accept(newcomer);
  assert.deepEqual([asked(first), asked(second)], [[3], []]);
  await settle();
  assert.deepEqual([first?.links.length, second?.links.length, newcomer.destroyed], [before, before, false]);
  first?.tell({ kind: "yielded", link: 3, given: true });
  await settle();
  assert.equal((first?.links.length ?? 0) + (second?.links.length ?? 0), 2 * before + 1);
  assert.equal(pool.takenShare, 1);
  first?.tell({ kind: "closed", link: 3 });
  assert.equal(pool.takenShare, 1);
});

test("a link that came into use meanwhile keeps its place, and the next one is asked; one of a large network gets none", async () => {
  const { clock, pool, children, settle, asked } = await fill();
  const [first] = children;
  const newcomer = from("51.20.0.1");
  pool.accept(newcomer);
  assert.deepEqual(asked(first), [1]);
  first?.tell({ kind: "yielded", link: 1, given: false });
  await settle();
  assert.deepEqual(asked(first), [1, 3]);
  first?.tell({ kind: "yielded", link: 3, given: true });
  await settle();
  assert.equal(newcomer.destroyed, false);
  const large = from("11.0.0.0");
  pool.accept(large);
  assert.ok(large.destroyed);
  assert.equal(pool.takenShare, 1);
  for (const child of children) for (const link of child.links) child.tell({ kind: "taken", link });
  assert.equal(clock.pending, 0);
});

test("no newcomer has more links asked than the bound, and a worker that does not answer is killed", async () => {
  const { clock, pool, children, settle, asked } = await fill();
  const newcomer = from("51.20.0.1");
  pool.accept(newcomer);
  for (let n = 0; n < WORKERS_LIMITS.yieldTries.value + 5; n += 1) {
    for (const child of children) child.tell({ kind: "yielded", link: asked(child).at(-1) ?? 0, given: false });
    await settle();
  }
  assert.ok(newcomer.destroyed);
  assert.equal(asked(children[0]).length + asked(children[1]).length, WORKERS_LIMITS.yieldTries.value + 1);
  const [next] = [from("52.20.0.1")];
  pool.accept(next);
  clock.advance(WORKERS_LIMITS.takeMs.value);
  assert.equal(children.filter(({ killed }) => killed).length, 1);
  await settle();
  assert.equal(next.destroyed, false, "the links of the worker that is gone made room");
  assert.ok(pool.takenShare < 0.6);
});
