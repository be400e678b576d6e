import assert from "node:assert/strict";
import { test } from "node:test";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import { PeerBook } from "../peers/peer-book.ts";
import { PeerStore } from "../peers/peer-store.ts";
import { openAdvertisement } from "../peers/signed-advertisement.ts";
import { encodeDirectoryAnswer } from "../wire/directory-message.ts";
import { ExchangeClient } from "./exchange-client.ts";

test("who tells of a peer names it, though another told something newer; not so itself, nor what is refused", async () => {
  const clock = new FakeClock();
  const logger = silentLogger;
  const store = new PeerStore({ clock, random: seededRandom(1), logger }, { path: ":memory:" });
  const book = new PeerBook({ store, clock, logger });
  const teller = generateIdentity();
  const [fresh, known, expired] = [generateIdentity(), generateIdentity(), generateIdentity()];
  book.add(signedPeer(clock, known, { seq: 9 }), { kind: "gossip" });
  const nowMs = clock.nowMs();
  const old = { issuedAtSec: nowMs / 1000 - 7_200, expiresAtSec: nowMs / 1000 - 1 };
  const envelopes = [
    signedPeer(clock, teller),
    signedPeer(clock, fresh),
    signedPeer(clock, known, { seq: 3 }),
    signedPeer(clock, expired, old),
  ];
  const named: [string, readonly string[], boolean][] = [];
  const client = new ExchangeClient({
    clock,
    book,
    overlay: {
      ask: async () => encodeDirectoryAnswer({ envelopes }),
      learn: async () => {},
      addressOf: () => undefined,
    },
    own: () => undefined,
    onNamed: (...told) => named.push(told),
  });
  await client.ask(teller.peerId, {}, 50);
  await client.ask(teller.peerId, { roles: ["exit"] }, 50);
  const others = [fresh.peerId, known.peerId];
  assert.deepEqual(named, [
    [teller.peerId, others, true],
    [teller.peerId, others, false],
  ]);
  assert.equal(book.get(known.peerId)?.advertisement.seq, 9);
});

test("an answer shows the time by the teller's own advertisement, and how many others are dated wrong", async () => {
  const clock = new FakeClock();
  const logger = silentLogger;
  const store = new PeerStore({ clock, random: seededRandom(1), logger }, { path: ":memory:" });
  const teller = generateIdentity();
  const self = generateIdentity();
  const own = signedPeer(clock, self);
  const mine: Uint8Array[] = [];
  const onOwn = (envelope: Uint8Array): void => void mine.push(envelope);
  const book = new PeerBook({ store, clock, logger, onOwn }, { self: self.peerId });
  const nowSec = clock.nowMs() / 1_000;
  const ahead = { issuedAtSec: nowSec + 3_600, expiresAtSec: nowSec + 7_200 };
  const behind = { issuedAtSec: nowSec - 7_200, expiresAtSec: nowSec - 1 };
  let envelopes: readonly Uint8Array[] = [];
  const words: unknown[] = [];
  const named: (readonly string[])[] = [];
  const client = new ExchangeClient({
    clock,
    book,
    clockWords: { noteAnswer: (...word) => void words.push(word) },
    overlay: {
      ask: async () => encodeDirectoryAnswer({ envelopes }),
      learn: async () => {},
      addressOf: () => "9.1.1.1",
    },
    own: () => ({ advertisement: openAdvertisement(own, { nowMs: clock.nowMs(), localNetwork: true }), envelope: own }),
    onNamed: (_, peers) => named.push(peers),
  });
  const strangers = [signedPeer(clock, generateIdentity(), ahead), signedPeer(clock, generateIdentity(), behind)];
  envelopes = [...strangers, signedPeer(clock, generateIdentity()), signedPeer(clock, teller, ahead), own];
  await client.ask(teller.peerId, {}, 50);
  const told = { peer: teller.peerId, address: "9.1.1.1" };
  assert.deepEqual(words, [[told, nowSec + 3_600, 2]]);
  assert.deepEqual(
    mine.map((envelope) => Buffer.from(envelope)),
    [Buffer.from(own)],
  );
  assert.ok(!named.flat().includes(self.peerId));
  envelopes = strangers;
  await client.ask(teller.peerId, {}, 50);
  assert.equal(words.length, 1);
  book.stop();
  store.close();
});
