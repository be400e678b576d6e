import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { toBywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity, type Identity } from "../identity/identity.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { PeerBook } from "./peer-book.ts";
import { PeerStore } from "./peer-store.ts";

const PEERS: readonly Identity[] = Array.from({ length: 12 }, generateIdentity);
const GOSSIP = { kind: "gossip" } as const;
const CAPACITY = 8;
const QUOTAS = { perPrefix: 4, perAsn: 6 };

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      who: fc.integer({ min: 0, max: PEERS.length - 1 }),
      seq: fc.integer({ min: 1, max: 4 }),
      // One number and other ports are equivocation.
      port: fc.integer({ min: 1, max: 2 }),
      net: fc.integer({ min: 1, max: 3 }),
      asn: fc.integer({ min: 1, max: 2 }),
      lifeSec: fc.integer({ min: 60, max: 600 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 400_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("check" as const),
      who: fc.integer({ min: 0, max: PEERS.length - 1 }),
      rttMs: fc.option(fc.double({ min: 0, max: 1e4, noNaN: true }), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
);

test("whatever is added: bounded, one row a peer, no number falls while it is valid, no equivocator comes back", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      const clock = new FakeClock();
      const logger = silentLogger;
      const store = new PeerStore({ clock, random: seededRandom(1), logger }, { path: ":memory:", capacity: CAPACITY });
      const open = (): PeerBook => new PeerBook({ store, clock, logger }, { quotas: QUOTAS });
      let book = open();
      book.start();
      const barred = new Set<string>();
      const highest = new Map<string, { seq: number; expiresAtSec: number }>();
      for (const one of steps) {
        if (one.kind === "wait") clock.advance(one.ms);
        else if (one.kind === "check") book.recordCheck(PEERS[one.who]?.peerId ?? "", one.rttMs);
        else if (one.kind === "restart") {
          book.stop();
          book = open();
          book.start();
        } else {
          const identity = PEERS[one.who] ?? assert.fail();
          const { seq, port, asn, lifeSec } = one;
          const endpoints = [{ host: `9.${one.net}.9.9`, port }];
          const expiresAtSec = Math.floor(clock.nowMs() / 1000) + lifeSec;
          try {
            book.add(signedPeer(clock, identity, { seq, endpoints, asn, expiresAtSec }), GOSSIP);
            assert.ok(!barred.has(identity.peerId), "an equivocator came back");
          } catch (error) {
            const { code } = toBywayError(error);
            if (code === "ERR_ADVERTISEMENT_EQUIVOCATION") barred.add(identity.peerId);
            else assert.ok(code === "ERR_ADVERTISEMENT_OLD" || code === "ERR_ADVERTISEMENT_QUOTA", String(error));
          }
        }
        const found = book.find({}, 100, "random", { failing: true });
        assert.ok(store.size <= CAPACITY);
        assert.equal(new Set(found.map((peer) => peer.advertisement.peer)).size, found.length);
        for (const { advertisement } of found) {
          const { peer, seq, expiresAtSec } = advertisement;
          assert.ok(!barred.has(peer));
          assert.ok(expiresAtSec > clock.nowMs() / 1000);
          const before = highest.get(peer);
          // One that was evicted may come back with less; while it stays it may not.
          if (before !== undefined && before.expiresAtSec > clock.nowMs() / 1000) assert.ok(seq >= before.seq);
          assert.deepEqual(book.get(peer)?.advertisement, advertisement);
        }
        highest.clear();
        for (const { advertisement } of found) highest.set(advertisement.peer, advertisement);
        for (const net of [1, 2, 3]) assert.ok(store.crowdSize(`p9.${net}`) <= QUOTAS.perPrefix);
        for (const asn of [1, 2]) assert.ok(store.crowdSize(`a${asn}`) <= QUOTAS.perAsn);
      }
      book.stop();
      assert.equal(clock.pending, 0);
      store.close();
    }),
    { numRuns: 150 },
  );
});

test("mutated envelopes give typed errors only, and each is counted", () => {
  const clock = new FakeClock();
  const store = new PeerStore({ clock, random: seededRandom(1), logger: silentLogger }, { path: ":memory:" });
  const book = new PeerBook({ store, clock, logger: silentLogger });
  const identity = PEERS[0] ?? assert.fail();
  const signed = signedPeer(clock, identity, { country: "de", asn: 7, upMbps: 5 });
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: signed.length - 1 }), fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.option(fc.nat({ max: signed.length - 1 }), { nil: undefined }),
      (flips, cut) => {
        const bytes = Uint8Array.from(signed);
        for (const [at, bits] of flips) bytes[at] = (bytes[at] ?? 0) ^ bits;
        const mutated = bytes.subarray(0, cut);
        // Two flips at one place may have undone each other.
        fc.pre(Buffer.compare(mutated, signed) !== 0);
        assert.throws(() => book.add(mutated, GOSSIP), { name: "BywayError", code: /^ERR_ADVERTISEMENT_/ });
        refused += 1;
      },
    ),
    { numRuns: 500 },
  );
  const junk = fc.uint8Array({ maxLength: 2 * PEERS_LIMITS.envelopeBytes.value });
  fc.assert(
    fc.property(junk, (bytes) => {
      assert.throws(() => book.add(bytes, GOSSIP), { name: "BywayError", code: "ERR_ADVERTISEMENT_MALFORMED" });
      refused += 1;
    }),
  );
  const counts = book.rejections.counts();
  assert.equal(
    Object.values(counts).reduce((sum, count) => sum + count, 0),
    refused,
  );
  assert.ok(counts.signature > 0 && counts.malformed > 0);
  assert.equal(counts.other, 0);
  assert.equal(book.size, 0);
});
