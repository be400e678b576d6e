import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import { PeerBook } from "./peer-book.ts";
import { PeerStore } from "./peer-store.ts";

suite("where a peer's own word does not count", () => {
  const identity = generateIdentity();
  const { peerId } = identity;
  const own = { kind: "exchange", peer: peerId } as const;
  const other = { kind: "exchange", peer: generateIdentity().peerId } as const;
  const setUp = () => {
    const clock = new FakeClock();
    const logger = silentLogger;
    const store = new PeerStore({ clock, random: seededRandom(1), logger }, { path: ":memory:" });
    const book = new PeerBook({ store, clock, logger }, { ownWordCounts: false });
    const signed = (seq: number): Uint8Array =>
      signedPeer(clock, identity, { seq, endpoints: [{ host: "9.9.9.9", port: seq }] });
    const held = () => {
      book.flush();
      const { advertisement, reportedBy } = book.get(peerId) ?? assert.fail("nothing is held");
      return [advertisement.seq, reportedBy];
    };
    return { clock, store, book, signed, held };
  };

  test("it is taken while nobody else has told of the peer", () => {
    const { book, signed, held } = setUp();
    assert.equal(book.add(signed(1), own), "new");
    assert.equal(book.add(signed(2), own), "renewed");
    assert.deepEqual(held(), [2, own]);
  });

  test("it does not replace what others told, however new it is", () => {
    const { book, signed, held } = setUp();
    book.add(signed(1), other);
    assert.equal(book.add(signed(9), own), "known");
    assert.deepEqual(held(), [1, other]);
    assert.equal(book.add(signed(3), other), "renewed");
    assert.deepEqual(held(), [3, other]);
  });

  test("it gives way to what others tell, though that is older or the same", () => {
    for (const seq of [4, 5]) {
      const { book, signed, held } = setUp();
      book.add(signed(5), own);
      book.flush();
      assert.equal(book.add(signed(seq), other), "renewed");
      assert.deepEqual(held(), [seq, other]);
    }
  });

  test("two of one number are proof, whoever told of them", () => {
    const { book, clock, signed } = setUp();
    book.add(signed(5), own);
    assert.throws(() => book.add(signedPeer(clock, identity, { seq: 5, country: "fr" }), other), {
      code: "ERR_ADVERTISEMENT_EQUIVOCATION",
    });
  });

  test("once what others told has expired it will do again", () => {
    const { book, clock, signed, held } = setUp();
    book.add(signed(1), other);
    clock.advance(7_200_000);
    assert.equal(book.add(signed(2), own), "renewed");
    assert.deepEqual(held(), [2, own]);
  });

  test("who named a peer is remembered: two networks, over a restart, whatever the peer says later", () => {
    const { book, store, clock, signed } = setUp();
    book.add(signed(1), other);
    book.noteNamed("1.1", [peerId, generateIdentity().peerId]);
    book.noteNamed("1.1", [peerId]);
    assert.deepEqual(book.get(peerId)?.namedIn, ["1.1"]);
    book.add(signed(2), other);
    for (const network of ["2.2", "3.3"]) book.noteNamed(network, [peerId]);
    assert.deepEqual(book.get(peerId)?.namedIn, ["1.1", "2.2"]);
    book.stop();
    const again = new PeerBook({ store, clock, logger: silentLogger }, { ownWordCounts: false });
    assert.deepEqual(again.get(peerId)?.namedIn, ["1.1", "2.2"]);
  });
});
