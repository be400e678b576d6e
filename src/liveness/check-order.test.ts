import assert from "node:assert/strict";
import { test } from "node:test";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import { Nominations } from "../peers/nominations.ts";
import { PeerBook } from "../peers/peer-book.ts";
import { PeerStore } from "../peers/peer-store.ts";
import { CheckOrder } from "./check-order.ts";

interface Fixture {
  readonly book: PeerBook;
  readonly nominations: Nominations;
  readonly order: CheckOrder;
  /** Writes peers of networks of their own into the book; their ids. */
  add(count: number, country?: string): readonly string[];
}

function fixture(): Fixture {
  const clock = new FakeClock();
  const random = seededRandom(3);
  const store = new PeerStore({ clock, random, logger: silentLogger }, { path: ":memory:" });
  const book = new PeerBook({ store, clock, logger: silentLogger });
  const nominations = new Nominations();
  let made = 0;
  const add = (count: number, country = "de"): readonly string[] =>
    Array.from({ length: count }, () => {
      const identity = generateIdentity();
      made += 1;
      const host = `${11 + (made % 80)}.${Math.floor(made / 80)}.0.1`;
      book.add(signedPeer(clock, identity, { country, endpoints: [{ host, port: 443 }] }), { kind: "gossip" });
      return identity.peerId;
    });
  return { book, nominations, order: new CheckOrder({ random, book, nominations }), add };
}

/** How many of `live` are among the first `count` peers drawn, a few at a time; each check counts for those who named. */
function liveAmong({ order, nominations, book }: Fixture, live: ReadonlySet<string>, count: number): number {
  const seen = new Set<string>();
  let found = 0;
  while (seen.size < count) {
    const drawn = order.draw({}, 4, (peer) => seen.has(peer));
    if (drawn.length === 0) break;
    for (const { advertisement } of drawn) {
      const answers = live.has(advertisement.peer);
      seen.add(advertisement.peer);
      nominations.noteChecked(advertisement.peer, answers);
      book.recordCheck(advertisement.peer, answers ? 1 : undefined);
      found += Number(answers);
    }
  }
  return found;
}

test("a book full of nodes that do not answer hardly delays those that others name", () => {
  const made = fixture();
  made.add(800);
  const live = made.add(60);
  made.nominations.name("one", live.slice(0, 40));
  made.nominations.name("two", live.slice(20, 60));
  const found = liveAmong(made, new Set(live), 100);
  assert.ok(found >= 50, `${found} of 60 among 100`);
});

test("a teller of fifty fakes each round does not crowd out what others name", () => {
  const made = fixture();
  const fakes = made.add(400);
  const live = made.add(60);
  made.nominations.name("honest", live);
  for (let round = 0; round < 8; round += 1) made.nominations.name("hostile", fakes.slice(round * 50, round * 50 + 50));
  const found = liveAmong(made, new Set(live), 100);
  assert.ok(found >= 45, `${found} of 60 among 100`);
});

test("those that answered before come before those that are only known, which have a share all the same", () => {
  const made = fixture();
  made.add(400);
  const live = made.add(30);
  for (const peer of live) made.book.recordCheck(peer, 5);
  const drawn = made.order.draw({}, 20, () => false).map(({ advertisement }) => advertisement.peer);
  const before = drawn.filter((peer) => live.includes(peer)).length;
  assert.ok(before >= 15 && before < 20, `${before}`);
  assert.deepEqual(
    made.order.likely(10).filter(({ advertisement }) => !live.includes(advertisement.peer)),
    [],
  );
});

test("only what fits is drawn, nobody twice, and not who failed lately", () => {
  const made = fixture();
  const german = made.add(30);
  const japanese = made.add(10, "jp");
  made.nominations.name("one", [...german, ...japanese]);
  const [failed = "", except = "", ...others] = japanese;
  for (let times = 0; times < 3; times += 1) made.book.recordCheck(failed, undefined);
  const drawn = made.order.draw({ countries: ["jp"] }, 50, (peer) => peer === except);
  assert.deepEqual(drawn.map(({ advertisement }) => advertisement.peer).sort(), [...others].sort());
});
