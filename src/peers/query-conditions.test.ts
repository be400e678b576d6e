import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import fc from "fast-check";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { numberedEntry, numberedPeer } from "../../test/support/peer-entries.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { fitsQuery } from "./fits-query.ts";
import { PeerStore } from "./peer-store.ts";
import { PEER_STORE_FORMAT } from "./store-schema.ts";
import type { PeerEntry } from "./stored-peer.ts";

const NETWORKS = ["residential", "mobile", "hosting", "unknown"] as const;
const maybe = <T>(...values: readonly T[]): fc.Arbitrary<T | undefined> => fc.constantFrom(undefined, ...values);
const some = <T>(...values: readonly T[]): fc.Arbitrary<T[] | undefined> =>
  fc.option(fc.array(fc.constantFrom(...values), { maxLength: 3 }), { nil: undefined, freq: 2 });

const place = fc.record({
  country: maybe("us", "de", "ca"),
  region: maybe("California", "ca", "us-ca", "Nevada", "Bavaria", "()", "Ushuaia"),
  regionCode: maybe("by", "ca"),
  city: maybe("New York", "new_york", "São Paulo", "()", "X"),
  asn: maybe(1, 2, 3),
  isp: maybe("Comcast Cable Communications, LLC", "Comcast", "A B C", "AT&T Services", "()", "東京 ネット"),
  network: fc.constantFrom(...NETWORKS),
});
const kind = fc.record({
  place,
  roles: fc.subarray(["relay", "exit", "mirror"]),
  protocols: fc.subarray(["tcp", "udp"]),
});
const query = fc.record({
  countries: some("us", "de", "ca", "xx"),
  regions: some("california", "ca", "us ca", "us_california", "by", "de by", "caca", "ush", "", "us", "usa", "nevada"),
  cities: some("new york", "NEW_YORK", "sao-paulo", "x", "", "york"),
  isps: some("comcast", "comcast cable", "ComcastCable", "com", "a", "ab", "at&t", "att services", "東京", "", "cable"),
  asns: some(1, 2, 9),
  networks: some(...NETWORKS),
  roles: some("exit", "mirror", "nobody"),
  protocols: some("udp"),
  peers: fc.option(
    fc.array(
      fc.nat(150).map((n) => numberedPeer(n)),
      { maxLength: 3 },
    ),
    { nil: undefined, freq: 1 },
  ),
});

function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function storeAt(path: string): PeerStore {
  return new PeerStore({ clock: new FakeClock(), random: seededRandom(1), logger: silentLogger }, { path });
}

const { identity, ...someone } = { identity: generateIdentity(), ...advertisedNode() };
const known = ({ peer, place: where, roles, protocols }: PeerEntry): Parameters<typeof fitsQuery>[0] => ({
  ...someone,
  advertisement: { ...someone.advertisement, peer, roles, protocols },
  place: where,
});

test("the store finds what fits a query by the rule that one peer is held against it with, and nothing else", () => {
  fc.assert(
    fc.property(
      fc.array(kind, { minLength: 1, maxLength: 8 }),
      // Below 64 all are looked at; above, the indexes are walked.
      fc.constantFrom(20, 130),
      fc.array(query, { minLength: 1, maxLength: 12 }),
      (kinds, count, queries) => {
        const store = storeAt(":memory:");
        const entries = Array.from({ length: count }, (_, n) => {
          const { place: where, ...more } = kinds[n % kinds.length] ?? assert.fail();
          return numberedEntry(n, { ...more, place: { ...defined(where), contradicted: [] } });
        });
        store.put(entries);
        for (const fields of queries) {
          const asked: PeerQuery = defined(fields);
          const expected = entries.filter((entry) => fitsQuery(known(entry), asked)).map(({ peer }) => peer);
          for (const order of ["random", "reached", "recent"] as const) {
            const found = store.query(asked, { limit: 1_000, order }).map(({ peer }) => peer);
            assert.deepEqual(found.toSorted(), expected.toSorted(), `${order} ${JSON.stringify(asked)}`);
          }
          assert.equal(store.count(asked), expected.length, JSON.stringify(asked));
        }
        store.close();
      },
    ),
    { numRuns: 150 },
  );
});

test("what an older Byway wrote is kept, and found by the names of its place once it is renewed", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "byway-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "peers.sqlite");
  const older = new DatabaseSync(path);
  older.exec(PEER_STORE_FORMAT.steps[0] ?? "");
  older.exec(`PRAGMA application_id = ${PEER_STORE_FORMAT.applicationId}; PRAGMA user_version = 1`);
  const entry = numberedEntry(1, { place: { country: "us", city: "New York", network: "unknown", contradicted: [] } });
  older
    .prepare(
      `INSERT INTO peers (peer, seq, issued_at, expires_at, country, city, network, contradicted, roles, protocols, traits,
         prefix, software, lot, first_seen, last_seen, told_kind, envelope)
       VALUES (?, ?, ?, ?, 'us', 'New York', 'unknown', '', '', '', 0, '', '', 0, 0, 0, 'gossip', x'00')`,
    )
    .run(entry.peer, entry.seq - 1, entry.issuedAtSec, entry.expiresAtSec);
  older.close();
  const store = storeAt(path);
  t.after(() => store.close());
  const cities = ["new york"];
  assert.deepEqual([store.count({ countries: ["us"] }), store.count({ cities })], [1, 0]);
  store.put([entry]);
  assert.deepEqual([store.count({ countries: ["us"] }), store.count({ cities })], [1, 1]);
});

test("of an AS, a city and a country the one with the fewest peers is walked", () => {
  const store = storeAt(":memory:");
  store.put(
    Array.from({ length: 400 }, (_, n) =>
      numberedEntry(n, {
        place: { country: n % 2 === 0 ? "us" : "de", city: `${n % 80}`, asn: 1, network: "unknown", contradicted: [] },
      }),
    ),
  );
  for (const asked of [
    { asns: [1], cities: ["7"] },
    { asns: [1], cities: ["7"], countries: ["de"] },
    { cities: ["7"], countries: ["de", "us"] },
  ]) {
    assert.equal(store.query(asked, { limit: 50, order: "random" }).length, 5);
    assert.equal(store.count(asked), 5);
  }
  store.close();
});

test("for strangers only so many rows are looked at, each time others", () => {
  const store = storeAt(":memory:");
  store.put(
    Array.from({ length: 2_000 }, (_, n) =>
      numberedEntry(n, {
        place: { country: "us", region: n % 20 === 0 ? "Utah" : "Ohio", network: "unknown", contradicted: [] },
      }),
    ),
  );
  const found = (mostRead?: number): readonly string[] =>
    store
      .query({ regions: ["us ut"] }, { limit: 200, order: "random", ...(mostRead === undefined ? {} : { mostRead }) })
      .map(({ peer }) => peer);
  assert.equal(found().length, 100);
  assert.equal(found(2_001).length, 100);
  const seen = new Set<string>();
  for (let time = 0; time < 100; time += 1) {
    const some = found(400);
    // A fifth of the rows; of these about a fifth of what fits.
    assert.ok(some.length >= 1 && some.length <= 45, `${some.length}`);
    for (const peer of some) seen.add(peer);
  }
  assert.equal(seen.size, 100);
  store.close();
});
