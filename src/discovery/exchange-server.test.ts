import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { fixtureGeo } from "../geo/fixture-geo.ts";
import { generateIdentity } from "../identity/identity.ts";
import { PeerBook } from "../peers/peer-book.ts";
import type { PeerBookOptions } from "../peers/peer-book-options.ts";
import { PeerStore } from "../peers/peer-store.ts";
import type { StoredPeer } from "../peers/stored-peer.ts";
import { decodeAdvertisement } from "../wire/advertisement.ts";
import { decodeDirectoryAnswer, encodeDirectoryRequest } from "../wire/directory-message.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import { ExchangeServer } from "./exchange-server.ts";

class CountingBook extends PeerBook {
  opened = 0;

  override open(stored: StoredPeer): ReturnType<PeerBook["open"]> {
    this.opened += 1;
    return super.open(stored);
  }
}

/** A server of what a book knows; both end with the test. */
function setUp(t: TestContext, options: PeerBookOptions = {}) {
  const clock = new FakeClock();
  const random = seededRandom(5);
  const logger = silentLogger;
  const store = new PeerStore({ clock, random, logger }, { path: ":memory:" });
  const book = new CountingBook({ store, clock, logger }, options);
  t.after(() => {
    book.stop();
    store.close();
  });
  return { clock, book, server: new ExchangeServer({ random, book, geo: fixtureGeo(), own: () => undefined }) };
}

test("an answer reads no more advertisements than it sends, spreads them over networks, and leaves the asker out", (t) => {
  const { clock, book, server } = setUp(t);
  const asker = generateIdentity();
  book.add(signedPeer(clock, asker), { kind: "gossip" });
  const endpoint = (network: number): object => ({ endpoints: [{ host: `9.${network}.9.9`, port: 4433 }] });
  for (let count = 0; count < 100; count += 1) {
    const network = count < 80 ? 0 : count;
    book.add(signedPeer(clock, generateIdentity(), endpoint(network)), { kind: "gossip" });
  }
  const request = encodeDirectoryRequest({ query: {}, limit: 16 });
  const { envelopes } = decodeDirectoryAnswer(server.answer({ peerId: asker.peerId, address: "9.9.9.9" }, request));
  assert.equal(envelopes.length, 16);
  assert.equal(book.opened, 16);
  const hosts = book
    .find({}, 200, "random")
    .filter(({ envelope }) => envelopes.some((one) => Buffer.compare(one, envelope) === 0));
  assert.ok(hosts.every(({ advertisement }) => advertisement.peer !== asker.peerId));
  assert.ok(hosts.filter(({ advertisement }) => advertisement.endpoints[0]?.host === "9.0.9.9").length <= 8);
});

test("who claims an AS for each of its keys, where the data knows none, takes no more places by it", (t) => {
  const { clock, book, server } = setUp(t, { quotas: "none" });
  const add = (host: string, asn: number): void =>
    void book.add(signedPeer(clock, generateIdentity(), { endpoints: [{ host, port: 1 }], asn }), { kind: "gossip" });
  for (let at = 0; at < 40; at += 1) add(`9.${at % 20}.0.${at}`, 64_500);
  for (let at = 0; at < 160; at += 1) add(`8.${at % 4}.1.${at}`, 65_000 + at);
  const request = encodeDirectoryRequest({ query: {}, limit: 50 });
  const asker = { peerId: generateIdentity().peerId, address: undefined };
  const crowd = new Set(
    book
      .find({}, 200, "random")
      .filter(({ advertisement }) => advertisement.endpoints[0]?.host.startsWith("8."))
      .map(({ envelope }) => Buffer.from(envelope).toString("latin1")),
  );
  for (let round = 0; round < 3; round += 1) {
    const { envelopes } = decodeDirectoryAnswer(server.answer(asker, request));
    const crowded = envelopes.filter((one) => crowd.has(Buffer.from(one).toString("latin1"))).length;
    assert.ok(crowded <= 12, `${crowded} of ${envelopes.length}`);
  }
});

test("who was met where it says it is comes first; who claims addresses of others does not", (t) => {
  const { clock, server } = setUp(t);
  const ask = (host: string, address: string, limit: number): readonly Uint8Array[] => {
    const identity = generateIdentity();
    const self = signedPeer(clock, identity, { endpoints: [{ host, port: 443 }] });
    const request = encodeDirectoryRequest({ query: {}, limit, self });
    return decodeDirectoryAnswer(server.answer({ peerId: identity.peerId, address }, request)).envelopes;
  };
  for (let n = 0; n < 600; n += 1) ask(`${20 + (n % 60)}.${Math.floor(n / 60)}.0.1`, "9.9.9.9", 0);
  for (let n = 0; n < 20; n += 1) ask(`99.${n}.0.1`, `99.${n}.0.1`, 0);
  const named = ask("98.1.0.1", "98.2.0.1", 24).map(
    (envelope) => decodeAdvertisement(decodeEnvelope(envelope).payload).endpoints[0]?.host ?? "",
  );
  assert.equal(named.length, 24);
  assert.ok(
    named.slice(0, 20).every((host) => host.startsWith("99.")),
    named.join(),
  );
});

test("who tells of itself what is older than is known of it is told that, as somebody else has its key", (t) => {
  const { clock, book, server } = setUp(t);
  const identity = generateIdentity();
  const ask = (seq: number, limit: number): readonly Uint8Array[] => {
    const request = encodeDirectoryRequest({ query: {}, limit, self: signedPeer(clock, identity, { seq }) });
    return decodeDirectoryAnswer(server.answer({ peerId: identity.peerId, address: "9.9.9.9" }, request)).envelopes;
  };
  for (let n = 0; n < 5; n += 1) {
    const endpoints = [{ host: `9.${n}.0.1`, port: 1 }];
    book.add(signedPeer(clock, generateIdentity(), { endpoints }), { kind: "gossip" });
  }
  const newest = signedPeer(clock, identity, { seq: 7 });
  assert.equal(ask(7, 3).length, 3);
  const answer = ask(6, 3);
  assert.equal(answer.length, 3);
  assert.ok(answer.some((envelope) => Buffer.compare(envelope, newest) === 0));
  assert.deepEqual(ask(6, 0), []);
  assert.ok(ask(7, 50).every((envelope) => Buffer.compare(envelope, newest) !== 0));
});
