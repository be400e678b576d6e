import assert from "node:assert/strict";
import { test } from "node:test";
import { numberedEntry, numberedPeer, START_SEC } from "../../test/support/peer-entries.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { PeerStore } from "./peer-store.ts";
import type { PeerEntry } from "./stored-peer.ts";

function storeOf(capacity?: number): { store: PeerStore; clock: FakeClock } {
  const clock = new FakeClock();
  const options = capacity === undefined ? {} : { capacity };
  const components = { clock, random: seededRandom(1), logger: silentLogger };
  return { clock, store: new PeerStore(components, { path: ":memory:", ...options }) };
}

function numbers(
  from: number,
  to: number,
  change: (n: number) => Partial<PeerEntry> = () => ({}),
): readonly PeerEntry[] {
  return Array.from({ length: to - from }, (_, n) => numberedEntry(from + n, change(from + n)));
}

test("what comes out is what went in", () => {
  const { store } = storeOf();
  const full = numberedEntry(1, {
    place: {
      ...{
        country: "de",
        regionCode: "by",
        region: "Hesse",
        city: "Kassel",
        asn: 64_500,
        provenAsn: 64_500,
        isp: "Example",
        network: "mobile",
      },
      contradicted: ["country", "asn"],
    },
    seq: Number.MAX_SAFE_INTEGER,
    upMbps: 10,
    downMbps: 100,
    reportedBy: { kind: "gossip", peer: numberedPeer(9) },
  });
  const bare = numberedEntry(2, { place: { network: "unknown", contradicted: [] }, roles: [], protocols: [] });
  store.put([full, bare]);
  for (const { seenMs, ...entry } of [full, bare]) {
    const { lot, envelope, ...stored } = store.get(entry.peer) ?? assert.fail();
    const { envelope: signed, ...rest } = entry;
    assert.deepEqual(stored, { ...rest, firstSeenMs: seenMs, lastSeenMs: seenMs, failures: 0, namedIn: [] });
    assert.deepEqual(Buffer.from(envelope), Buffer.from(signed));
  }
  assert.equal(store.get(numberedPeer(3)), undefined);
});

test("a lower number is not written over a higher one that is valid, and what checks found stays", () => {
  const { store, clock } = storeOf();
  store.put([numberedEntry(1, { seq: 5, software: "a" })]);
  store.recordCheck(numberedPeer(1), 30);
  store.put([numberedEntry(1, { seq: 5, software: "b" }), numberedEntry(1, { seq: 4, software: "c" })]);
  assert.equal(store.get(numberedPeer(1))?.software, "a");
  store.put([numberedEntry(1, { seq: 6, software: "d", seenMs: clock.nowMs() + 5_000 })]);
  const renewed = store.get(numberedPeer(1));
  assert.deepEqual([renewed?.software, renewed?.rttMs, renewed?.firstSeenMs], ["d", 30, clock.nowMs()]);
  assert.equal(renewed?.lastSeenMs, clock.nowMs() + 5_000);
  clock.advance(7_200_000);
  store.put([numberedEntry(1, { seq: 2, software: "e", expiresAtSec: START_SEC + 9_000 })]);
  assert.equal(store.get(numberedPeer(1))?.seq, 2);
});

test("a query finds all that fit it and nothing else", () => {
  const { store } = storeOf();
  const kinds = ["residential", "mobile", "hosting", "unknown"] as const;
  const entries = numbers(0, 240, (n) => ({
    place: {
      country: ["de", "us", "jp"][n % 3] ?? "",
      asn: 1 + (n % 5),
      network: kinds[n % 4] ?? "unknown",
      contradicted: [],
    },
    roles: n % 2 === 0 ? ["exit", "relay"] : ["relay", "mirror"],
    protocols: n % 7 === 0 ? ["tcp", "udp"] : ["tcp"],
  }));
  store.put(entries);
  const queries = [
    {},
    { countries: ["de"] },
    { countries: ["de", "jp", "de", "xx"] },
    { asns: [2] },
    { asns: [2, 3], countries: ["us"] },
    { roles: ["exit"] },
    { roles: ["exit", "relay"], countries: ["us"] },
    { roles: ["mirror"] },
    { roles: ["mirror", "exit"] },
    { roles: ["mir"] },
    { roles: ["nobody-has-this"] },
    { protocols: ["udp"], countries: ["jp"] },
    { protocols: ["exit"] },
    { networks: ["mobile", "hosting"] },
    { networks: [] },
    { countries: [] },
    { peers: [numberedPeer(3), numberedPeer(8), numberedPeer(999)] },
    { peers: [numberedPeer(3), numberedPeer(8)], roles: ["exit"] },
  ] as const;
  for (const query of queries) {
    const { countries, asns, roles, protocols, networks, peers } = {
      ...{ countries: undefined, asns: undefined, roles: [], protocols: [], networks: undefined, peers: undefined },
      ...(query as PeerQuery),
    };
    const fits = entries.filter(
      ({ place, peer, ...entry }) =>
        (countries === undefined || countries.includes(place.country ?? "")) &&
        (asns === undefined || asns.includes(place.asn ?? 0)) &&
        (networks === undefined || networks.includes(place.network)) &&
        (peers === undefined || peers.includes(peer)) &&
        roles.every((role) => entry.roles.includes(role)) &&
        protocols.every((protocol) => entry.protocols.includes(protocol)),
    );
    const expected = fits.map(({ peer }) => peer).toSorted();
    for (const order of ["random", "reached", "recent"] as const) {
      const found = store.query(query, { limit: 1_000, order }).map(({ peer }) => peer);
      assert.deepEqual(found.toSorted(), expected, `${order} ${JSON.stringify(query)}`);
      assert.equal(store.query(query, { limit: 3, order }).length, Math.min(3, expected.length));
    }
    assert.equal(store.count(query), expected.length, JSON.stringify(query));
  }
});

test("of peers that fit, each is found about as often as the others, many or few", () => {
  for (const [size, limit] of [
    [10, 1],
    [400, 5],
  ] as const) {
    const { store } = storeOf();
    store.put(numbers(0, size));
    const times = new Map<string, number>();
    const rounds = (size * 40) / limit;
    for (let round = 0; round < rounds; round++) {
      for (const { peer } of store.query({ countries: ["de"] }, { limit, order: "random" })) {
        times.set(peer, (times.get(peer) ?? 0) + 1);
      }
    }
    // 40 expected; seeded, so that this is the same each time.
    assert.equal(times.size, size);
    assert.ok(Math.max(...times.values()) < 80, String(Math.max(...times.values())));
  }
});

test("expired peers, those left out and those that fail are not found, unless asked for", () => {
  const { store, clock } = storeOf();
  store.put(numbers(0, 200, (n) => ({ expiresAtSec: START_SEC + (n < 100 ? 100 : 7_200) })));
  clock.advance(100_000);
  for (const order of ["random", "reached", "recent"] as const) {
    const found = store.query({ countries: ["de"] }, { limit: 500, order, except: new Set([numberedPeer(150)]) });
    assert.deepEqual(
      found.map(({ peer }) => peer).toSorted(),
      numbers(100, 200)
        .map(({ peer }) => peer)
        .filter((peer) => peer !== numberedPeer(150))
        .toSorted(),
    );
  }
  for (let n = 0; n < 3; n++) store.recordCheck(numberedPeer(120), undefined);
  const without = store.query({}, { limit: 500, order: "random", maxFailures: 3 });
  assert.equal(without.length, 99);
  assert.equal(store.query({}, { limit: 500, order: "random" }).length, 100);
  assert.equal(store.query({}, { limit: 500, order: "random", state: "expired" }).length, 100);
  assert.equal(store.count(), 100);
});

test("those that answered last come first, then others", () => {
  const { store, clock } = storeOf();
  store.put(numbers(0, 20));
  for (const n of [4, 9, 2]) {
    clock.advance(1_000);
    store.recordCheck(numberedPeer(n), n);
  }
  store.recordCheck(numberedPeer(9), undefined);
  const found = store.query({ countries: ["de"] }, { limit: 5, order: "reached" });
  assert.deepEqual(
    found.slice(0, 2).map(({ peer, rttMs }) => [peer, rttMs]),
    [
      [numberedPeer(2), 2],
      [numberedPeer(4), 4],
    ],
  );
  assert.equal(new Set(found.map(({ peer }) => peer)).size, 5);
  assert.equal(store.get(numberedPeer(9))?.failures, 1);
});

test("over the capacity the expired go first, then the failing, then those of the most crowded network that came last", () => {
  const { store, clock } = storeOf(320);
  const held = (number: number): boolean => store.get(numberedPeer(number)) !== undefined;
  // 10 expire, 10 fail, 40 are reached, 200 stand in one /16, 50 in fifty.
  store.put(numbers(0, 10, () => ({ expiresAtSec: START_SEC + 10, prefix: "1.1" })));
  store.put(numbers(10, 20, () => ({ prefix: "1.2" })));
  store.put(numbers(20, 60, () => ({ prefix: "2.2" })));
  store.put(numbers(100, 300, () => ({ prefix: "2.2" })));
  store.put(numbers(400, 450, (n) => ({ prefix: `3.${n}` })));
  for (let n = 10; n < 20; n++) for (let times = 0; times < 3; times++) store.recordCheck(numberedPeer(n), undefined);
  for (let n = 20; n < 60; n++) store.recordCheck(numberedPeer(n), 5);
  clock.advance(20_000);
  assert.equal(store.size, 310);

  // 11 in, 1 over: 1 and 10 to spare go, all of them expired or failing.
  store.put(numbers(500, 511, (n) => ({ prefix: `4.${n}` })));
  assert.equal(store.size, 310);
  assert.deepEqual([...Array(10).keys()].filter(held), []);
  assert.equal([...Array(10).keys()].filter((n) => held(10 + n)).length, 9);

  for (let round = 0; round < 9; round++)
    store.put(numbers(600 + 11 * round, 611 + 11 * round, (n) => ({ prefix: `5.${n}` })));
  assert.deepEqual(
    [...Array(10).keys()].filter((n) => held(10 + n)),
    [],
  );
  for (let n = 20; n < 60; n++) assert.ok(held(n), `reached ${n}`);
  for (let n = 400; n < 450; n++) assert.ok(held(n), `alone in its network ${n}`);
  assert.ok(held(100) && !held(299));
  assert.ok(store.size <= 320);

  // A flood from one network evicts itself.
  store.put(numbers(1_000, 1_300, () => ({ prefix: "6.6" })));
  assert.ok(store.size <= 320);
  for (let n = 400; n < 450; n++) assert.ok(held(n), `alone in its network ${n}`);
  assert.ok(store.crowdSize("p6.6") <= store.crowdSize("p2.2") + 1);
});

test("where all networks are alike, those that answered stay", () => {
  const { store } = storeOf(100);
  store.put(numbers(0, 100, (n) => ({ prefix: `1.${n}` })));
  for (let n = 0; n < 50; n++) store.recordCheck(numberedPeer(n), 5);
  store.put(numbers(200, 240, (n) => ({ prefix: `2.${n}` })));
  assert.ok(store.size <= 100);
  for (let n = 0; n < 50; n++) assert.notEqual(store.get(numberedPeer(n)), undefined);
  // Even when nobody else is left, the bound holds.
  for (const { peer } of store.query({}, { limit: 200, order: "random" })) store.recordCheck(peer, 5);
  store.put(numbers(300, 400, (n) => ({ prefix: `3.${n}` })));
  assert.ok(store.size <= 100);
});

test("crowds are counted right through adding, moving, evicting and forgetting", () => {
  const { store, clock } = storeOf(60);
  const place = (asn: number) => ({ place: { asn, provenAsn: asn, network: "unknown", contradicted: [] } as const });
  store.put(numbers(0, 50, (n) => ({ prefix: `1.${n % 5}`, ...place(n % 3) })));
  assert.deepEqual([store.crowdSize("p1.0"), store.crowdSize("a0")], [10, 17]);
  store.put(numbers(0, 20, () => ({ seq: 2, prefix: "2.2", ...place(9) })));
  assert.deepEqual([store.crowdSize("p1.0"), store.crowdSize("p2.2"), store.crowdSize("a9")], [6, 20, 20]);
  store.put(numbers(100, 130, () => ({ prefix: "7.7", ...place(7) })));
  store.remove(numberedPeer(30));
  const prefixes = ["1.0", "1.1", "1.2", "1.3", "1.4", "2.2", "7.7"];
  assert.equal(
    prefixes.reduce((sum, prefix) => sum + store.crowdSize(`p${prefix}`), 0),
    store.size,
  );
  clock.advance(7_200_000);
  const left = store.size;
  assert.ok(left > 50);
  assert.equal(store.forgetExpired(clock.nowMs(), 0, 1_000), left);
  for (const prefix of prefixes) assert.equal(store.crowdSize(`p${prefix}`), 0);
});

test("ways in are kept past their end, others are not", () => {
  const { store, clock } = storeOf();
  store.put(numbers(0, 10));
  store.recordCheck(numberedPeer(4), 5);
  clock.advance(7_200_000);
  store.forgetExpired(clock.nowMs(), 7_300_000, 5);
  assert.equal(store.size, 5);
  store.forgetExpired(clock.nowMs(), 7_300_000, 50);
  assert.deepEqual(
    store.query({}, { limit: 9, order: "reached", state: "expired" }).map(({ peer }) => peer),
    [numberedPeer(4)],
  );
});

test("counts say how many of each kind, and sum up the rarer names that strangers choose", () => {
  const { store, clock } = storeOf();
  const software = (n: number): string => (n < 100 ? "byway/0.1.0" : `x${n}`);
  store.put(
    numbers(0, 200, (n) => ({
      place: { country: n % 2 === 0 ? "de" : "us", network: "hosting", contradicted: n < 3 ? ["asn"] : [] },
      roles: n % 4 === 0 ? ["relay"] : ["exit", "relay"],
      software: software(n),
      upMbps: 1,
      downMbps: 2,
    })),
  );
  store.put([numberedEntry(300, { expiresAtSec: START_SEC })]);
  clock.advance(3_600_000);
  store.recordCheck(numberedPeer(0), 3);
  const counts = store.counts();
  assert.deepEqual([counts.peers, counts.seenLastHour, counts.reached, counts.contradicted], [200, 1, 1, 3]);
  assert.deepEqual([counts.upMbps, counts.downMbps], [200, 400]);
  assert.deepEqual(
    [...counts.countries],
    [
      ["de", 100],
      ["us", 100],
    ],
  );
  assert.deepEqual([...counts.networks], [["hosting", 200]]);
  assert.deepEqual(
    [...counts.roles],
    [
      ["relay", 200],
      ["exit", 150],
    ],
  );
  assert.equal(counts.software.size, PEERS_LIMITS.countedNames.value + 1);
  assert.equal(counts.software.get("other"), 200 - 100 - (PEERS_LIMITS.countedNames.value - 1));
});

test("of more proofs than are kept, those of the shortest known go", () => {
  const { store } = storeOf();
  const bytes = new Uint8Array(1);
  const keep = (number: number, standing: number): void =>
    store.keepEquivocation({ peer: numberedPeer(number), foundAtMs: number, standing, proof: [bytes, bytes] });
  keep(0, 86_400_000);
  const most = PEERS_LIMITS.equivocators.value;
  // An attacker with fresh keys without end.
  for (let n = 1; n < most + 200; n++) keep(n, 0);
  assert.notEqual(store.equivocation(numberedPeer(0)), undefined);
  assert.equal(store.equivocation(numberedPeer(most + 100)), undefined);
  keep(1_000_000, 5_000);
  assert.notEqual(store.equivocation(numberedPeer(1_000_000)), undefined);
  store.put([numberedEntry(0), numberedEntry(most + 100)]);
  assert.equal(store.get(numberedPeer(0)), undefined);
  assert.notEqual(store.get(numberedPeer(most + 100)), undefined);
});

test("a value of small state that is too long is refused and the old one stays", () => {
  const { store } = storeOf();
  store.changeState("a", () => 1);
  assert.throws(() => store.changeState("a", () => "x".repeat(PEERS_LIMITS.stateBytes.value)), {
    code: "ERR_INTERNAL",
  });
  assert.equal(store.readState("a"), 1);
});
