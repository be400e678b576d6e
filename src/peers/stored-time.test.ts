import assert from "node:assert/strict";
import { test } from "node:test";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import { PeerBook } from "./peer-book.ts";
import { PeerStore } from "./peer-store.ts";

const GOSSIP = { kind: "gossip" } as const;

test("a clock that is ahead for a moment costs no way in, and no memory of who signed two things", () => {
  const clock = new FakeClock();
  const logger = silentLogger;
  const store = new PeerStore({ clock, random: seededRandom(1), logger }, { path: ":memory:", capacity: 1_000 });
  const book = new PeerBook({ store, clock, logger }, { localNetwork: true });
  const [reached, liar] = [generateIdentity(), generateIdentity()];
  book.add(signedPeer(clock, reached), GOSSIP);
  book.recordCheck(reached.peerId, 8);
  book.add(signedPeer(clock, liar, { country: "de" }), GOSSIP);
  assert.throws(() => book.add(signedPeer(clock, liar, { country: "us" }), GOSSIP));
  clock.step(60 * 86_400_000);
  book.forgetExpired();
  const again = new PeerBook({ store, clock, logger }, { localNetwork: true });
  again.forgetExpired();
  clock.step(-60 * 86_400_000);
  assert.ok(again.get(reached.peerId));
  assert.ok(store.equivocation(liar.peerId));
});
