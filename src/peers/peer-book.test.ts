import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { numberedEntry } from "../../test/support/peer-entries.ts";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import type { Quotas } from "./crowd-quotas.ts";
import { DecodedPeers } from "./decoded-peers.ts";
import type { PeerPlace } from "./known-peer.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { PeerBook } from "./peer-book.ts";
import type { PeerBookOptions } from "./peer-book-options.ts";
import { claimedPlace } from "./peer-entry.ts";
import { PeerStore } from "./peer-store.ts";

const GOSSIP = { kind: "gossip" } as const;

interface Fixture {
  readonly clock: FakeClock;
  readonly store: PeerStore;
  readonly book: PeerBook;
}

/** Claims of an AS are true here. */
const proven = (advertisement: Advertisement): PeerPlace => {
  const { asn } = advertisement;
  return { ...claimedPlace(advertisement), ...(asn === undefined ? {} : { provenAsn: asn }) };
};

function fixture(options: PeerBookOptions = {}, capacity = 1_000, place = proven): Fixture {
  const clock = new FakeClock();
  const logger = silentLogger;
  const store = new PeerStore({ clock, random: seededRandom(1), logger }, { path: ":memory:", capacity });
  return { clock, store, book: new PeerBook({ store, clock, logger, place }, options) };
}

test("what is added is found at once, and written a fifth of a second later", () => {
  const { clock, store, book } = fixture();
  const identity = generateIdentity();
  const signed = signedPeer(clock, identity);
  assert.equal(book.add(signed, GOSSIP), "new");
  assert.equal(store.get(identity.peerId), undefined);
  assert.deepEqual(book.get(identity.peerId)?.reportedBy, GOSSIP);
  clock.advance(PEERS_LIMITS.flushMs.value);
  assert.equal(store.get(identity.peerId)?.seq, 1);
  assert.equal(book.add(signed, GOSSIP), "known");
  const [found] = book.find({ countries: ["de"], roles: ["relay"] }, 5, "random");
  assert.equal(found?.advertisement, book.get(identity.peerId)?.advertisement);
  assert.deepEqual(book.find({ countries: ["de"], roles: ["bootstrap"] }, 5, "random"), []);
  assert.equal(clock.pending, 0);
});

test("a higher number renews, a lower one is refused until what is held has expired", () => {
  const { clock, book } = fixture();
  const identity = generateIdentity();
  const old = signedPeer(clock, identity, { seq: 1 });
  assert.equal(book.add(signedPeer(clock, identity, { seq: 5 }), GOSSIP), "new");
  assert.equal(book.add(signedPeer(clock, identity, { seq: 6, country: "us" }), GOSSIP), "renewed");
  assert.throws(() => book.add(old, GOSSIP), { code: "ERR_ADVERTISEMENT_OLD" });
  assert.equal(book.get(identity.peerId)?.advertisement.seq, 6);
  assert.deepEqual(book.find({ countries: ["de"] }, 5, "random"), []);
  clock.advance(7_200_000);
  assert.equal(book.get(identity.peerId), undefined);
  assert.equal(book.add(signedPeer(clock, identity, { seq: 2 }), GOSSIP), "renewed");
  assert.equal(book.get(identity.peerId)?.advertisement.seq, 2);
  assert.equal(book.rejections.count("old"), 1);
});

test("one who signs two things with one number is dropped and barred for 30 days", () => {
  const { clock, store, book } = fixture();
  const identity = generateIdentity();
  const first = signedPeer(clock, identity, { country: "de" });
  const second = signedPeer(clock, identity, { country: "us" });
  book.add(first, GOSSIP);
  assert.throws(() => book.add(second, GOSSIP), { code: "ERR_ADVERTISEMENT_EQUIVOCATION" });
  assert.equal(book.get(identity.peerId), undefined);
  const later = (): Uint8Array => signedPeer(clock, identity, { seq: 9 });
  const again = new PeerBook({ store, clock, logger: silentLogger });
  assert.throws(() => again.add(later(), GOSSIP), { code: "ERR_ADVERTISEMENT_EQUIVOCATION" });
  const proof = store.equivocation(identity.peerId)?.proof.map((bytes) => Buffer.from(bytes));
  assert.deepEqual(proof, [Buffer.from(first), Buffer.from(second)]);
  clock.advance(PEERS_LIMITS.equivocatorMs.value + 1);
  again.forgetExpired();
  assert.equal(again.add(later(), GOSSIP), "new");
});

test("a network with as many peers as one may have is full until one of them is of no use", () => {
  const quotas: Quotas = { perPrefix: 2, perAsn: 3 };
  const { clock, book } = fixture({ quotas });
  const at = (host: string, asn?: number): Uint8Array =>
    signedPeer(clock, generateIdentity(), { endpoints: [{ host, port: 1 }], ...(asn === undefined ? {} : { asn }) });
  const [a, b] = [generateIdentity(), generateIdentity()];
  book.add(signedPeer(clock, a), GOSSIP);
  book.add(signedPeer(clock, b), GOSSIP);
  assert.throws(() => book.add(at("9.9.1.1"), GOSSIP), { code: "ERR_ADVERTISEMENT_QUOTA" });
  assert.equal(book.add(signedPeer(clock, b, { seq: 2 }), GOSSIP), "renewed");
  assert.equal(book.add(at("9.8.1.1", 7), GOSSIP), "new");
  for (let n = 0; n < PEERS_LIMITS.unreachableAfter.value; n++) book.recordCheck(a.peerId, undefined);
  clock.advance(PEERS_LIMITS.fullCrowdMs.value);
  assert.equal(book.add(at("9.9.1.2", 7), GOSSIP), "new");
  assert.equal(book.get(a.peerId), undefined);
  assert.equal(book.add(at("9.7.1.1", 7), GOSSIP), "new");
  assert.throws(() => book.add(at("9.6.1.1", 7), GOSSIP), { code: "ERR_ADVERTISEMENT_QUOTA" });
  assert.equal(book.rejections.count("quota"), 2);
});

test("an AS that is only claimed counts against nobody", () => {
  const { clock, book } = fixture({ quotas: { perPrefix: 100, perAsn: 1 } }, 1_000, claimedPlace);
  for (let count = 0; count < 3; count += 1) {
    assert.equal(book.add(signedPeer(clock, generateIdentity(), { asn: 7 }), GOSSIP), "new");
  }
});

test("this node's own advertisement is not kept, and costs no check", () => {
  const identity = generateIdentity();
  const { clock, book } = fixture({ self: identity.peerId });
  assert.equal(book.add(signedPeer(clock, identity), GOSSIP), "known");
  assert.equal(book.size, 0);
});

test("the same payload signed over is known, and what is held stays", () => {
  const { clock, book } = fixture();
  const identity = generateIdentity();
  const signed = signedPeer(clock, identity);
  book.add(signed, GOSSIP);
  clock.advance(PEERS_LIMITS.touchMs.value);
  assert.equal(book.add(signed, { kind: "exchange" }), "known");
  assert.deepEqual(book.find({}, 1, "recent")[0]?.lastSeenMs, clock.nowMs());
  assert.deepEqual(book.get(identity.peerId)?.reportedBy, GOSSIP);
});

test("several are added at once, and each refusal comes back in its place and is counted", () => {
  const { clock, store, book } = fixture();
  const [a, b, c] = [generateIdentity(), generateIdentity(), generateIdentity()];
  const forged = signedPeer(clock, b);
  forged[100] = (forged[100] ?? 0) ^ 1;
  const nowSec = clock.nowMs() / 1000;
  const results = book.addAll(
    [
      signedPeer(clock, a),
      forged,
      signedPeer(clock, a),
      signedPeer(clock, c, { endpoints: [{ host: "10.0.0.1", port: 1 }] }),
      signedPeer(clock, c, { issuedAtSec: nowSec + 400, expiresAtSec: nowSec + 500 }),
      signedPeer(clock, c, { issuedAtSec: nowSec - 400, expiresAtSec: nowSec }),
      new Uint8Array(PEERS_LIMITS.envelopeBytes.value + 1),
      signedPeer(clock, c),
    ],
    { kind: "exchange" },
  );
  const told = results.map((result) => (typeof result === "string" ? result : result.code));
  assert.equal(told[0], "new");
  assert.match(String(told[1]), /^ERR_ADVERTISEMENT_(SIGNATURE|MALFORMED)$/);
  assert.deepEqual(told.slice(2), [
    ...["known", "ERR_ADVERTISEMENT_PRIVATE", "ERR_ADVERTISEMENT_FUTURE", "ERR_ADVERTISEMENT_EXPIRED"],
    ...["ERR_ADVERTISEMENT_MALFORMED", "new"],
  ]);
  assert.equal(store.size, 2);
  const { private: closed, future, expired, oversize } = book.rejections.counts();
  assert.deepEqual([closed, future, expired, oversize], [1, 1, 1, 1]);
});

test("counts of refusals are kept each minute and at the end, and added to those of others", () => {
  const { clock, store, book } = fixture();
  const other = new PeerBook({ store, clock, logger: silentLogger });
  book.start();
  book.reject("flood");
  other.reject("flood");
  clock.advance(PEERS_LIMITS.saveCountsMs.value);
  assert.deepEqual(store.readState("rejected"), { flood: 1 });
  other.stop();
  book.stop();
  assert.equal(new PeerBook({ store, clock, logger: silentLogger }).rejections.count("flood"), 2);
  assert.equal(clock.pending, 0);
});

test("while the store is locked, what was added waits and is found; that is said once", (t) => {
  const path = join(mkdtempSync(join(tmpdir(), "byway-book-")), "directory.sqlite");
  t.after(() => rmSync(dirname(path), { recursive: true }));
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const store = new PeerStore({ clock, random: seededRandom(1), logger }, { path, busyMs: 0 });
  const book = new PeerBook({ store, clock, logger });
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const peers = Array.from({ length: PEERS_LIMITS.bufferedPeers.value }, generateIdentity);
  for (const identity of peers) book.add(signedPeer(clock, identity), GOSSIP);
  clock.advance(1_000);
  assert.notEqual(book.get(peers[0]?.peerId ?? ""), undefined);
  assert.throws(() => book.add(signedPeer(clock, generateIdentity()), GOSSIP), { code: "ERR_STORE" });
  book.keepState("state", 1);
  assert.equal(logger.lines.length, 1);
  other.exec("ROLLBACK");
  other.close();
  // Nothing is tried for a while, since each try would stop the process for as long as the store waits for its lock.
  book.keepState("state", 2);
  assert.equal(store.readState("state"), undefined);
  clock.advance(PEERS_LIMITS.flushAgainMs.value);
  assert.equal(store.size, peers.length);
  book.keepState("state", 3);
  assert.equal(store.readState("state"), 3);
  book.stop();
  assert.equal(clock.pending, 0);
  store.close();
});

test("a row that was damaged, or is of a local network, is not found in a public one and goes", () => {
  const { clock, store, book } = fixture({ localNetwork: true });
  const [local, damaged, good] = [generateIdentity(), generateIdentity(), generateIdentity()];
  book.add(signedPeer(clock, local, { endpoints: [{ host: "127.0.0.1", port: 1 }] }), GOSSIP);
  book.add(signedPeer(clock, damaged), GOSSIP);
  book.add(signedPeer(clock, good), GOSSIP);
  book.flush();
  const held = store.get(damaged.peerId);
  if (held === undefined) assert.fail();
  store.put([{ ...held, seq: 2, seenMs: 0, envelope: held.envelope.subarray(0, 99) }]);
  const open = new PeerBook({ store, clock, logger: silentLogger });
  assert.deepEqual(
    open.find({}, 9, "random").map((peer) => peer.advertisement.peer),
    [good.peerId],
  );
  assert.equal(store.size, 1);
});

test("expired peers are forgotten some at a time; those that once answered stay as ways in for a week", () => {
  const { clock, store, book } = fixture({ localNetwork: true }, 2_000);
  const reached = generateIdentity();
  book.add(signedPeer(clock, reached), GOSSIP);
  book.recordCheck(reached.peerId, 8);
  store.put(Array.from({ length: 1_200 }, (_, n) => numberedEntry(n)));
  book.start();
  clock.advance(7_200_000);
  const before = store.size;
  assert.equal(before, 1_201 - PEERS_LIMITS.sweptAtOnce.value);
  clock.advance(2_000);
  assert.equal(store.size, 1);
  assert.deepEqual(book.find({}, 9, "random"), []);
  assert.deepEqual(
    book.waysIn(9).map((peer) => [peer.advertisement.peer, peer.rttMs]),
    [[reached.peerId, 8]],
  );
  clock.advance(PEERS_LIMITS.waysInMs.value);
  assert.equal(store.size, 0);
  book.stop();
  assert.equal(clock.pending, 0);
});

test("a peer that failed its last checks is found only by those who ask for it, and after an hour again", () => {
  const { clock, book } = fixture();
  const identity = generateIdentity();
  book.add(signedPeer(clock, identity), GOSSIP);
  for (let n = 0; n < PEERS_LIMITS.unreachableAfter.value; n++) book.recordCheck(identity.peerId, undefined);
  assert.equal(book.find({}, 9, "random").length, 0);
  assert.equal(book.find({}, 9, "random", { failing: true })[0]?.failures, 3);
  clock.advance(PEERS_LIMITS.failedPauseMaxMs.value + 1_000);
  assert.equal(book.find({}, 9, "random").length, 1);
  book.recordCheck(identity.peerId, undefined);
  assert.equal(book.find({}, 9, "random").length, 0);
  book.recordCheck(identity.peerId, 9);
  assert.equal(book.find({}, 9, "reached")[0]?.rttMs, 9);
});

test("a peer that did not answer is asked again where it has moved to, and not for saying the same again", () => {
  const { clock, book } = fixture();
  const identity = generateIdentity();
  book.add(signedPeer(clock, identity), GOSSIP);
  for (let n = 0; n < PEERS_LIMITS.unreachableAfter.value; n++) book.recordCheck(identity.peerId, undefined);
  book.add(signedPeer(clock, identity, { seq: 2 }), GOSSIP);
  assert.equal(book.find({}, 9, "random").length, 0);
  book.add(signedPeer(clock, identity, { seq: 3, endpoints: [{ host: "9.9.9.9", port: 4434 }] }), GOSSIP);
  assert.equal(book.find({}, 9, "random")[0]?.failures, 0);
});

test("of decoded advertisements only those used last are kept", () => {
  const clock = new FakeClock();
  const decoded = new DecodedPeers({ localNetwork: false, capacity: 2 });
  const [a, b, c] = [generateIdentity(), generateIdentity(), generateIdentity()].map((identity) => ({
    id: identity.peerId,
    envelope: signedPeer(clock, identity),
  }));
  if (a === undefined || b === undefined || c === undefined) assert.fail();
  const first = decoded.open(a.id, a.envelope);
  decoded.open(b.id, b.envelope);
  assert.equal(decoded.open(a.id, Uint8Array.from(a.envelope)), first);
  decoded.open(c.id, c.envelope);
  assert.equal(decoded.size, 2);
  assert.equal(decoded.open(a.id, a.envelope), first);
  assert.equal(decoded.open(a.id, b.envelope), undefined);
});

test("peers that wait to be renewed are not counted twice against the quota", () => {
  const { clock, book } = fixture({ quotas: { perPrefix: 3, perAsn: 3 } });
  const [a, b] = [generateIdentity(), generateIdentity()];
  for (const seq of [1, 2]) {
    book.add(signedPeer(clock, a, { seq, asn: 7 }), GOSSIP);
    book.add(signedPeer(clock, b, { seq, asn: 7 }), GOSSIP);
    if (seq === 1) book.flush();
  }
  assert.equal(book.add(signedPeer(clock, generateIdentity(), { asn: 7 }), GOSSIP), "new");
});

test("nobody is accused on the word of a damaged row", () => {
  const { clock, store, book } = fixture();
  const identity = generateIdentity();
  const other = signedPeer(clock, identity, { country: "us" });
  const damaged = Uint8Array.from(other);
  damaged[other.length - 1] = (damaged[other.length - 1] ?? 0) ^ 1;
  book.add(signedPeer(clock, identity), GOSSIP);
  book.flush();
  const held = store.get(identity.peerId);
  if (held === undefined) assert.fail();
  store.remove(identity.peerId);
  store.put([{ ...held, seenMs: 0, envelope: damaged }]);
  assert.equal(book.add(signedPeer(clock, identity), GOSSIP), "renewed");
  assert.equal(store.equivocation(identity.peerId), undefined);
});

test("peers without an endpoint are bounded together", () => {
  const { clock, book } = fixture({ quotas: { perPrefix: 2, perAsn: 9 } });
  const add = (): string => book.add(signedPeer(clock, generateIdentity(), { endpoints: [] }), GOSSIP);
  assert.deepEqual([add(), add()], ["new", "new"]);
  assert.throws(add, { code: "ERR_ADVERTISEMENT_QUOTA" });
});

test("what the user named by file is not held to the quotas of strangers", () => {
  const { clock, book } = fixture({ quotas: { perPrefix: 1, perAsn: 1 } });
  const asn = 64_500;
  for (let n = 0; n < 3; n += 1) {
    assert.equal(book.add(signedPeer(clock, generateIdentity(), { asn }), { kind: "file" }), "new");
  }
  assert.throws(() => book.add(signedPeer(clock, generateIdentity(), { asn }), GOSSIP), {
    code: "ERR_ADVERTISEMENT_QUOTA",
  });
});

test("a move makes failed checks forgotten once an hour", () => {
  const { clock, book } = fixture();
  const identity = generateIdentity();
  const move = (seq: number): void => {
    book.add(signedPeer(clock, identity, { seq, endpoints: [{ host: "9.9.9.9", port: 4_000 + seq }] }), GOSSIP);
  };
  const fail = (): void => {
    for (let n = 0; n < PEERS_LIMITS.unreachableAfter.value; n++) book.recordCheck(identity.peerId, undefined);
  };
  const isFound = (): boolean => book.find({}, 9, "random").length === 1;
  move(1);
  fail();
  move(2);
  assert.ok(isFound());
  fail();
  move(3);
  assert.ok(!isFound());
  clock.advance(PEERS_LIMITS.forgivenMs.value - 1);
  fail();
  move(4);
  assert.ok(!isFound());
  clock.advance(1);
  move(5);
  assert.ok(isFound());
});

test("a peer that is met where it says it stands counts as one that answered, until it moves", () => {
  const { clock, book } = fixture();
  const identity = generateIdentity();
  const isReached = (): boolean => book.drawReached({}, 9).length === 1;
  book.add(signedPeer(clock, identity), GOSSIP);
  for (const address of [undefined, "9.9.9.8"]) book.noteMet(identity.peerId, address);
  assert.ok(!isReached());
  book.noteMet(identity.peerId, "9.9.9.9");
  assert.ok(isReached());
  book.add(signedPeer(clock, identity, { seq: 2 }), GOSSIP);
  assert.ok(isReached());
  book.add(signedPeer(clock, identity, { seq: 3, endpoints: [{ host: "8.8.8.8", port: 4433 }] }), GOSSIP);
  assert.ok(!isReached());
  assert.equal(book.get(identity.peerId)?.reachedAtMs, undefined);
});

test("of one address only so many peers are met at once", () => {
  const { clock, book } = fixture();
  const { metPerAddress, metMs } = PEERS_LIMITS;
  const meet = (): void => {
    const identity = generateIdentity();
    book.add(signedPeer(clock, identity), GOSSIP);
    for (let times = 0; times < 9; times += 1) book.noteMet(identity.peerId, "9.9.9.9");
  };
  for (let n = 0; n < metPerAddress.value * 3; n += 1) meet();
  assert.equal(book.drawReached({}, 99).length, metPerAddress.value);
  clock.advance(metMs.value);
  for (let n = 0; n < metPerAddress.value; n += 1) meet();
  assert.equal(book.drawReached({}, 99).length, metPerAddress.value + 1);
});
