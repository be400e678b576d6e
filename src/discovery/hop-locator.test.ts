import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../../test/support/settled.ts";
import { signedPeer } from "../../test/support/signed-peer.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import { directTo } from "../link/direct-way.ts";
import { PeerBook } from "../peers/peer-book.ts";
import { PeerStore } from "../peers/peer-store.ts";
import { HopLocator } from "./hop-locator.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

const never = new AbortController().signal;
const askerAddress = "9.9.9.1";
const here = (port: number) => ({ endpoints: [{ host: "8.8.4.4", port }] });
const waysTo = (port: number) => ({ ways: here(port).endpoints.map(directTo) });

function setUp() {
  const clock = new FakeClock();
  const store = new PeerStore({ clock, random: seededRandom(1), logger: silentLogger }, { path: ":memory:" });
  const book = new PeerBook({ store, clock, logger: silentLogger });
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  let answer: (peer: string) => Promise<void> = async () => {};
  const find = (peer: string, signal: AbortSignal): Promise<void> => {
    asked.push(peer);
    signals.push(signal);
    return Promise.race([
      answer(peer),
      new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ]);
  };
  const locator = new HopLocator({ clock, book, find }, { self: () => "k51self", localNetwork: false });
  const whenAsked = (then: (peer: string) => Promise<void>): void => {
    answer = then;
  };
  return { clock, book, locator, asked, signals, whenAsked };
}

const silent = (): Promise<void> => new Promise(() => {});

test("a peer is where the book says, and nobody is asked", async () => {
  const { clock, book, locator, asked } = setUp();
  const identity = generateIdentity();
  book.add(signedPeer(clock, identity, here(1)), { kind: "gossip" });
  const { peerId } = identity;
  assert.deepEqual(await locator.locate({ peerId, askerAddress }, never), waysTo(1));
  assert.deepEqual(asked, []);
});

test("what one request shows is where all are sent, so that no endpoint tells who asked", async () => {
  const { clock, locator, asked } = setUp();
  const identity = generateIdentity();
  const { peerId } = identity;
  const locate = async (shown?: Uint8Array) =>
    (await locator.locate({ peerId, shown, askerAddress }, never)).ways[0]?.at.port;
  const [older, newer] = [1, 2].map((seq) => signedPeer(clock, identity, { seq, ...here(seq) }));
  assert.equal(await locate(older), 1);
  assert.equal(await locate(newer), 2);
  assert.equal(await locate(older), 2, "who shows an older one is sent where the others are");
  assert.equal(await locate(), 2);
  assert.deepEqual(asked, []);
  // Two of one number are proof: the peer is nobody's next hop from then on.
  await assert.rejects(locate(signedPeer(clock, identity, { seq: 2, ...here(3) })), {
    code: "ERR_ADVERTISEMENT_EQUIVOCATION",
  });
  await assert.rejects(locate(newer), { code: "ERR_ADVERTISEMENT_EQUIVOCATION" });
});

test("what is shown must be of the peer that is asked for, and good", async () => {
  const { clock, locator } = setUp();
  const identity = generateIdentity();
  const { peerId } = generateIdentity();
  const shown = signedPeer(clock, identity);
  await assert.rejects(locator.locate({ peerId, shown, askerAddress }, never), { code: "ERR_HOP_UNKNOWN" });
  const home = signedPeer(clock, identity, { endpoints: [{ host: "192.168.0.1", port: 80 }] });
  await assert.rejects(locator.locate({ peerId: identity.peerId, shown: home, askerAddress }, never), {
    code: "ERR_ADVERTISEMENT_PRIVATE",
  });
  await assert.rejects(locator.locate({ peerId: "k51self", askerAddress }, never), { code: "ERR_HOP_UNKNOWN" });
});

test("others are asked for a peer that is not known, once for all who wait", async () => {
  const { clock, book, locator, asked, whenAsked } = setUp();
  const identity = generateIdentity();
  const { peerId } = identity;
  const found = Promise.withResolvers<void>();
  whenAsked(() => found.promise);
  const waiting = [1, 2, 3].map(() => locator.locate({ peerId, askerAddress }, never));
  book.add(signedPeer(clock, identity, here(7)), { kind: "dht" });
  found.resolve();
  for (const place of await Promise.all(waiting)) assert.deepEqual(place, waysTo(7));
  assert.deepEqual(asked, [peerId]);
});

test("a node is no next hop of its own, and nobody is asked for it", async () => {
  const { locator, asked } = setUp();
  await assert.rejects(locator.locate({ peerId: "k51self", askerAddress }, never), { code: "ERR_HOP_UNKNOWN" });
  assert.deepEqual(asked, []);
});

test("a peer that nobody knew is not asked for again for a while", async () => {
  const { clock, locator, asked, whenAsked } = setUp();
  const { peerId } = generateIdentity();
  const locate = () => locator.locate({ peerId, askerAddress }, never);
  await assert.rejects(locate(), { code: "ERR_HOP_UNKNOWN" });
  await assert.rejects(locate(), { code: "ERR_HOP_UNKNOWN" });
  assert.equal(asked.length, 1);
  clock.advance(DISCOVERY_LIMITS.unknownMs.value);
  whenAsked(silent);
  const late = assert.rejects(locate(), { code: "ERR_HOP_UNKNOWN" });
  clock.advance(DISCOVERY_LIMITS.locateMs.value);
  await late;
  assert.equal(asked.length, 2);
});

test("a search ends with the last who waits for it, and leaves no trace", async () => {
  const { locator, signals, whenAsked, clock, asked } = setUp();
  const { peerId } = generateIdentity();
  whenAsked(silent);
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = [one, other].map(({ signal }) => assert.rejects(locator.locate({ peerId, askerAddress }, signal)));
  one.abort();
  await settled();
  assert.equal(signals[0]?.aborted, false);
  other.abort();
  await Promise.all(waiting);
  assert.equal(signals[0]?.aborted, true);
  await settled();
  assert.equal(clock.pending, 0);
  const again = assert.rejects(locator.locate({ peerId, askerAddress }, never), { code: "ERR_STOPPED" });
  assert.equal(asked.length, 2);
  await locator.stop();
  await again;
});

test("those of one network cannot have a relay look for more than a few at once, nor shut others out", async () => {
  const { locator, whenAsked, asked } = setUp();
  whenAsked(silent);
  const stop = new AbortController();
  const busy: string[] = [];
  const ask = (address: string): void => {
    const { peerId } = generateIdentity();
    locator.locate({ peerId, askerAddress: address }, stop.signal).catch((error: { code: string }) => {
      if (!stop.signal.aborted) busy.push(`${address} ${error.code}`);
    });
  };
  const { locating, locatingPerNetwork } = DISCOVERY_LIMITS;
  for (let n = 0; n <= locatingPerNetwork.value; n += 1) ask(`9.9.9.${n}`);
  await settled();
  assert.deepEqual(busy, [`9.9.9.${locatingPerNetwork.value} ERR_STREAM_LIMIT`]);
  assert.equal(asked.length, locatingPerNetwork.value);
  busy.length = 0;
  for (let network = 10; asked.length < locating.value; network += 1)
    for (let n = 0; n < locatingPerNetwork.value; n += 1) ask(`9.9.${network}.${n}`);
  await settled();
  assert.deepEqual(busy, []);
  ask("8.8.8.8");
  await settled();
  assert.equal(asked.length, locating.value + 1);
  assert.equal(busy.length, 1);
  assert.match(String(busy[0]), /^9\.9\..* ERR_STREAM_LIMIT$/);
  stop.abort();
  await locator.stop();
});

test("no more peers are remembered as unknown than the limit says", async () => {
  const { locator, clock } = setUp();
  for (let n = 0; n <= DISCOVERY_LIMITS.unknownPeers.value; n += 1) {
    const askerAddress = `9.${n >> 8}.${n & 255}.1`;
    await assert.rejects(locator.locate({ peerId: `k51unknown${n}`, askerAddress }, never), {
      code: "ERR_HOP_UNKNOWN",
    });
    clock.advance(DISCOVERY_LIMITS.failedSearchOfAllMs.value);
  }
  assert.equal(locator.unknown, DISCOVERY_LIMITS.unknownPeers.value);
});

test("whoever names peers that do not exist has others asked at a slow pace, and not for every name", async () => {
  const { locator, clock, asked, book, whenAsked } = setUp();
  const { failedSearches, failedSearchMs } = DISCOVERY_LIMITS;
  let names = 0;
  const ask = (address: string, signal = never) =>
    locator.locate({ peerId: `k51name${names++}`, askerAddress: address }, signal);
  for (let n = 0; n < failedSearches.value; n += 1) await assert.rejects(ask("9.9.9.1"), { code: "ERR_HOP_UNKNOWN" });
  await assert.rejects(ask("9.9.9.2"), { code: "ERR_STREAM_LIMIT" });
  assert.equal(asked.length, failedSearches.value);
  clock.advance(failedSearchMs.value);
  // One that is taken back has asked others as well.
  whenAsked(silent);
  const taken = new AbortController();
  const search = assert.rejects(ask("9.9.9.1", taken.signal));
  taken.abort();
  await search;
  await settled();
  await assert.rejects(ask("9.9.9.1"), { code: "ERR_STREAM_LIMIT" });
  clock.advance(failedSearchMs.value);
  // What is found costs nothing.
  for (let n = 0; n < failedSearches.value; n += 1) {
    const identity = generateIdentity();
    whenAsked(async () => void book.add(signedPeer(clock, identity, here(n + 1)), { kind: "dht" }));
    await locator.locate({ peerId: identity.peerId, askerAddress }, never);
  }
});

test("a crowd of networks that name such peers leaves something to those that did not", async () => {
  const { locator, asked } = setUp();
  const { failedSearchesOfAll, failedSearches } = DISCOVERY_LIMITS;
  let names = 0;
  const ask = (address: string) => locator.locate({ peerId: `k51name${names++}`, askerAddress: address }, never);
  const networks = Math.ceil((2 * failedSearchesOfAll.value) / failedSearches.value);
  for (let network = 0; network < networks; network += 1)
    for (let n = 0; n < failedSearches.value; n += 1) await assert.rejects(ask(`9.9.${network}.1`));
  // The first of each network is one of a network whose searches did not fail.
  assert.equal(asked.length, failedSearchesOfAll.value + networks);
  await assert.rejects(ask("9.9.0.1"), { code: "ERR_STREAM_LIMIT" });
  await assert.rejects(ask("8.8.8.8"), { code: "ERR_HOP_UNKNOWN" });
});

test("who comes while a search is being ended has a new one", async () => {
  const { locator, asked, signals, whenAsked, book, clock } = setUp();
  const identity = generateIdentity();
  const { peerId } = identity;
  whenAsked(silent);
  const taken = new AbortController();
  const first = assert.rejects(locator.locate({ peerId, askerAddress }, taken.signal));
  await settled();
  signals[0]?.addEventListener("abort", () => {
    whenAsked(async () => void book.add(signedPeer(clock, identity, here(3)), { kind: "dht" }));
    second = locator.locate({ peerId, askerAddress: "8.8.8.8" }, never);
  });
  let second: Promise<unknown> | undefined;
  taken.abort();
  await first;
  assert.deepEqual(await second, waysTo(3));
  assert.equal(asked.length, 2);
});
