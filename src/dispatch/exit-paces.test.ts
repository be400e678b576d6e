import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { ExitPaces } from "./exit-paces.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

const never = new AbortController().signal;

/** Paces of an exit `a` that took ten streams and refused the eleventh. */
function paced(): { clock: FakeClock; paces: ExitPaces } {
  const clock = new FakeClock();
  const paces = new ExitPaces({ clock, random: seededRandom(1) });
  paces.take("a", "", 0);
  for (let n = 0; n < 10; n += 1) paces.noteTaken("a");
  paces.noteRefused("a");
  return { clock, paces };
}

suite("streams to an exit that takes no more for now", () => {
  test("have their turns one after another, later by up to a tenth, as far as they are in time", () => {
    const { paces } = paced();
    const waits: number[] = [];
    for (let waitMs = paces.take("a", "", 2_000); waitMs !== undefined; waitMs = paces.take("a", "", 2_000)) {
      waits.push(waitMs);
    }
    // Ten at once are a burst of 25 a second, less 15 %.
    const perSecond = 21.25;
    assert.equal(waits.length, 42);
    for (const [index, waitMs] of waits.entries()) {
      const turnMs = ((index + 1) * 1_000) / perSecond;
      assert.ok(waitMs >= turnMs && waitMs <= turnMs * 1.1 + 1, `${waitMs} for ${turnMs}`);
    }
    assert.ok(waits.some((waitMs, index) => waitMs > (((index + 1) * 1_000) / perSecond) * 1.01 + 1));
    assert.equal(paces.take("b", "", 0), 0);
  });

  test("are bounded for each user of a listener, and in all", async () => {
    const { clock, paces } = paced();
    const { waitingStreams, waitingStreamsOfOne } = DISPATCH_LIMITS;
    const waiting: Promise<boolean>[] = [];
    const most = 1_000_000;
    const fill = (owner: string): number => {
      for (let n = 0; ; n += 1) {
        const waitMs = paces.take("a", owner, most);
        if (waitMs === undefined) return n;
        waiting.push(paces.wait(waitMs, "a", owner, never));
      }
    };
    assert.equal(fill("ann"), waitingStreamsOfOne.value);
    const owners = waitingStreams.value / waitingStreamsOfOne.value;
    for (let n = 1; n < owners; n += 1) assert.equal(fill(`user ${n}`), waitingStreamsOfOne.value);
    assert.equal(paces.waiting, waitingStreams.value);
    // Whoever comes then takes over the places of those who have more, and no more than its share.
    const share = Math.floor(waitingStreams.value / (owners + 1));
    const bobs = fill("bob");
    assert.ok(bobs >= share - 1 && bobs <= share, `${bobs} of ${share}`);
    assert.equal(paces.waiting, waitingStreams.value);
    clock.advance(most);
    await Promise.all(waiting);
    assert.deepEqual([paces.waiting, clock.pending], [0, 0]);
  });

  test("of one user leave turns to the others, each as many as the next", async () => {
    const { clock, paces } = paced();
    const turns: Record<string, boolean[]> = { ann: [], bob: [], cid: [] };
    const fill = (owner: string): number => {
      for (let n = 0; ; n += 1) {
        const waitMs = paces.take("a", owner, 2_000);
        if (waitMs === undefined) return n;
        void paces.wait(waitMs, "a", owner, never).then((hasTurn) => turns[owner]?.push(hasTurn));
      }
    };
    const all = fill("ann");
    assert.ok(all > 40);
    const half = Math.floor(all / 2);
    assert.equal(fill("bob"), half);
    assert.equal(fill("bob"), 0, "no more than its share");
    assert.equal(fill("ann"), 0, "nor are they taken back");
    assert.ok(Math.abs(fill("cid") - all / 3) <= 1);
    assert.equal(paces.waiting, all, "a turn goes from one to another");
    clock.advance(2_300);
    await settled();
    const had = Object.values(turns).map((list) => list.filter((hasTurn) => hasTurn).length);
    for (const count of had) assert.ok(Math.abs(count - all / 3) <= 1, `${had}`);
    assert.deepEqual([paces.waiting, clock.pending], [0, 0]);
  });

  test("give their places back when they are aborted", async () => {
    const { clock, paces } = paced();
    const taken = new AbortController();
    const waiting = paces.wait(1_000, "a", "ann", taken.signal);
    taken.abort();
    await assert.rejects(waiting, { code: "ERR_ABORTED" });
    await assert.rejects(paces.wait(1_000, "a", "ann", taken.signal), { code: "ERR_ABORTED" });
    assert.deepEqual([paces.waiting, clock.pending], [0, 0]);
  });

  test("give their turns back too, so that streams which never begin hold up nobody", async () => {
    const { clock, paces } = paced();
    const alone = paces.waitMs("a");
    for (let round = 0; round < 10; round += 1) {
      const taken = new AbortController();
      const waiting: Promise<boolean>[] = [];
      for (let ms = paces.take("a", "ann", 2_000); ms !== undefined; ms = paces.take("a", "ann", 2_000))
        waiting.push(paces.wait(ms, "a", "ann", taken.signal));
      assert.ok(waiting.length > 1);
      assert.equal(paces.take("a", "ann", 2_000), undefined);
      taken.abort();
      for (const aborted of waiting) await assert.rejects(aborted, { code: "ERR_ABORTED" });
      assert.ok(Math.abs(paces.waitMs("a") - alone) < 1e-6);
    }
    // A turn that comes late is none that others could have had.
    const late = new AbortController();
    const waiting = paces.wait(paces.take("a", "ann", 2_000) ?? 0, "a", "ann", late.signal);
    clock.advance(alone);
    late.abort();
    await assert.rejects(waiting, { code: "ERR_ABORTED" });
    assert.equal(paces.take("a", "bob", 2_000), 0);
  });
});

test("the exits whose pace is remembered are bounded", () => {
  const paces = new ExitPaces({ clock: new FakeClock(), random: seededRandom(1) });
  for (let n = 0; n <= DISPATCH_LIMITS.paces.value; n += 1) paces.take(String(n), "", 0);
  assert.equal(paces.size, DISPATCH_LIMITS.paces.value);
});
