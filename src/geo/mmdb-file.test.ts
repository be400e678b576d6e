import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import fc from "fast-check";
import { Reader, type Response } from "mmdb-lib";
import { geoPath, openRanges } from "../../test/support/geo-file.ts";
import { hostileBytes, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { type MmdbInput, mmdbPointer, mmdbValue, writeMmdb } from "../../test/support/mmdb-writer.ts";
import { parseIp } from "../core/ip-address.ts";
import { seededRandom } from "../core/random.ts";
import type { GeoFile } from "./geo-file.ts";
import type { GeoRecord } from "./geo-record.ts";
import { openGeoFile } from "./open-geo-file.ts";

const DAMAGED = { code: "ERR_GEO_DATA" };
const never = new AbortController().signal;

function ask(file: GeoFile, ip: string): GeoRecord | undefined {
  const parsed = parseIp(ip);
  assert.ok(parsed, ip);
  return file.lookup(parsed);
}

function oracleCountry(oracle: Reader<Response>, ip: string): string | undefined {
  const record = oracle.get(ip) as { readonly country_code?: string } | null;
  return record?.country_code?.toLowerCase();
}

const MAXMIND_CITY = {
  country: { iso_code: "US", names: { en: "United States", de: "USA" }, geoname_id: 6252001 },
  city: { names: { en: "Mountain View", ja: "マウンテンビュー" } },
  subdivisions: [{ iso_code: "CA", names: { en: "California" } }],
  location: { latitude: 37.386, longitude: -122.0838 },
  traits: { is_anycast: true },
};

for (const [shape, input, record] of [
  [
    "of MaxMind's city files",
    MAXMIND_CITY,
    { country: "us", region: "California", regionCode: "ca", city: "Mountain View" },
  ],
  [
    "of MaxMind's AS files",
    { autonomous_system_number: 64496, autonomous_system_organization: "Example Net" },
    { asn: 64496, isp: "Example Net" },
  ],
  [
    "of ip-location-db's city files",
    { country_code: "FR", state1: "Bretagne", state2: "Finistère", city: "Brest", latitude: "48.39" },
    { country: "fr", region: "Bretagne", city: "Brest" },
  ],
  [
    "of ipinfo's files",
    { country: "DE", asn: "AS64500", as_name: "Example\u0007 \u202ehost" },
    { country: "de", asn: 64500, isp: "Example host" },
  ],
  ["that says nothing of use", { postcode: "1234", country: "Germany", asn: 0 }, undefined],
] as const) {
  test(`a record ${shape} is read`, (t) => {
    const file = openRanges(t, writeMmdb({ networks: { "192.0.2.0/24": input } }));
    assert.deepEqual(ask(file, "192.0.2.77"), record);
    assert.equal(ask(file, "192.0.3.1"), undefined);
  });
}

for (const recordBits of [24, 28, 32] as const) {
  for (const ipVersion of [4, 6] as const) {
    test(`a tree of IPv${ipVersion} with records of ${recordBits} bits answers as mmdb-lib does`, (t) => {
      const networks: Record<string, { country_code: string }> = {
        "0.0.0.0/1": { country_code: "AA" },
        "128.0.0.0/2": { country_code: "BB" },
        "203.0.113.128/25": { country_code: "CC" },
        "203.0.113.7/32": { country_code: "DD" },
      };
      if (ipVersion === 6) networks["2001:db8::/33"] = { country_code: "EE" };
      const bytes = writeMmdb({ networks, ipVersion, recordBits });
      const file = openRanges(t, bytes);
      const oracle = new Reader(bytes);
      const ips = ["0.0.0.0", "9.9.9.9", "127.255.255.255", "128.0.0.0", "191.1.1.1", "192.0.0.0", "203.0.113.7"];
      ips.push("203.0.113.6", "203.0.113.128", "203.0.113.255", "255.255.255.255");
      if (ipVersion === 6) ips.push("2001:db8::", "2001:db8:7fff::1", "2001:db8:8000::", "::1", "ffff::");
      for (const ip of ips) {
        assert.equal(ask(file, ip)?.country, oracleCountry(oracle, ip), ip);
      }
      if (ipVersion === 4) assert.equal(ask(file, "2001:db8::1"), undefined);
      assert.equal(file.facts.family, ipVersion === 4 ? "ipv4" : "both");
      assert.equal(file.facts.dateMs, 1_780_000_000_000);
    });
  }
}

test("the file that npm brings answers as mmdb-lib does, all over both families", (t) => {
  const path = createRequire(import.meta.url).resolve(
    "@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb",
  );
  const bytes = readFileSync(path);
  const file = openRanges(t, bytes);
  const oracle = new Reader(bytes);
  const random = seededRandom(4);
  let found = 0;
  for (let i = 0; i < 4_000; i++) {
    const ip =
      i % 2 === 0
        ? [...random.bytes(4)].join(".")
        : `2${Buffer.from(random.bytes(2)).toString("hex").slice(1)}:${Buffer.from(random.bytes(2)).toString("hex")}::1`;
    const expected = oracleCountry(oracle, ip);
    assert.equal(ask(file, ip)?.country, expected, ip);
    if (expected !== undefined) found++;
  }
  assert.ok(found > 1_000, `${found} addresses were known`);
});

test("a value is found through pointers", (t) => {
  const text = mmdbValue("Example Net");
  const map = Buffer.concat([Buffer.of((7 << 5) | 1), mmdbValue("as_name"), mmdbPointer(0)]);
  // The record of the only network stands at the start, so that is a pointer to the map.
  const shifted = Buffer.concat([mmdbPointer(5 + text.length), text, map.subarray(0, -5), mmdbPointer(5)]);
  const file = openRanges(t, writeMmdb({ networks: { "192.0.2.0/24": "" }, data: shifted }));
  assert.deepEqual(ask(file, "192.0.2.1"), { isp: "Example Net" });
});

for (const [name, data] of [
  ["a pointer to itself", mmdbPointer(0)],
  ["two pointers in a circle", Buffer.concat([mmdbPointer(5), mmdbPointer(0)])],
  ["a map that holds itself", Buffer.concat([Buffer.of((7 << 5) | 1), mmdbValue("a"), mmdbPointer(0)])],
  // All of these three are finite, and would be read if there were no bound.
  ["lists that fan out", fanOut(6)],
  ["maps that lie deep in each other", mmdbValue(nested(20))],
  ["a text of 5 kB", mmdbValue({ as_name: "x".repeat(5_000) })],
  ["a pointer out of the file", mmdbPointer(0xffffffff)],
  ["a map of 16 million", Buffer.of((7 << 5) | 31, 0xff, 0xff, 0xff)],
  ["a text of 16 million", Buffer.concat([Buffer.of((7 << 5) | 1), Buffer.of((2 << 5) | 31, 0xff, 0xff, 0xff)])],
  ["an unknown type", Buffer.of(0, 200)],
  ["a text where a map belongs", mmdbValue("x")],
  ["a map with a number for a key", Buffer.concat([Buffer.of((7 << 5) | 1), mmdbValue(1), mmdbValue(1)])],
] as const) {
  test(`${name} ends in an error`, async (t) => {
    const file = openRanges(t, writeMmdb({ networks: { "192.0.2.0/24": "" }, data }));
    assert.throws(() => ask(file, "192.0.2.1"), DAMAGED);
    await assert.rejects(file.check(never), DAMAGED);
  });
}

test("a tree that points behind the data ends in an error", (t) => {
  // The metadata is a map like any other.
  const options = { networks: { "192.0.2.0/24": "" }, data: mmdbValue({}), dataOffset: 1 + 14 };
  const file = openRanges(t, writeMmdb(options));
  assert.throws(() => ask(file, "192.0.2.1"), DAMAGED);
});

function nested(depth: number): MmdbInput {
  return depth === 0 ? "end" : { a: nested(depth - 1) };
}

/** Lists of nine pointers to the list behind them: 9^depth values in 46 bytes a level. */
function fanOut(depth: number): Buffer {
  const levelBytes = 2 + 9 * 5;
  const head = Buffer.concat([Buffer.of((7 << 5) | 1), mmdbValue("a")]);
  const levels = Array.from({ length: depth }, (_, level) => {
    const next = head.length + (level + 1) * levelBytes;
    return Buffer.concat([Buffer.of(9, 11 - 7), ...Array.from({ length: 9 }, () => mmdbPointer(next))]);
  });
  return Buffer.concat([head, ...levels, mmdbValue("end")]);
}

for (const [name, metadata, message] of [
  ["another format", { binary_format_major_version: 3 }, /another format/],
  ["records of 20 bits", { record_size: 20 }, /20 bits/],
  ["more nodes than the file has room for", { node_count: 1_000_000 }, /tree larger than itself/],
  ["2^53 nodes", { node_count: 2 ** 53 - 1 }, /tree larger than itself/],
  ["no nodes", { node_count: 0 }, /tree larger than itself/],
  ["IP version 5", { ip_version: 5 }, /IP version 5/],
  ["a text for a number", { node_count: "many" }, /does not say its node_count/],
] as const) {
  test(`a file that claims ${name} is refused`, (t) => {
    const bytes = writeMmdb({ networks: { "192.0.2.0/24": { country_code: "DE" } }, metadata });
    assert.throws(() => openGeoFile(geoPath(t, "data", bytes)), { ...DAMAGED, message });
  });
}

test("whatever is changed in a file, only typed errors come of it", (t) => {
  const samples = [24, 28, 32].map((recordBits) =>
    writeMmdb({
      networks: { "192.0.2.0/24": MAXMIND_CITY, "2001:db8::/32": { country_code: "DE", city: "Berlin" } },
      recordBits: recordBits as 24 | 28 | 32,
    }),
  );
  const path = geoPath(t, "data", "x");
  fc.assert(
    fc.property(hostileBytes(samples), (bytes) => {
      writeFileSync(path, bytes);
      let opened: ReturnType<typeof openGeoFile> | undefined;
      onlyTypedErrors(() => {
        opened = openGeoFile(path);
      });
      if (opened?.type !== "ranges") return;
      const { file } = opened;
      for (const ip of ["192.0.2.1", "0.0.0.0", "2001:db8::1", "ffff::"]) onlyTypedErrors(() => ask(file, ip));
      file.close();
    }),
    { numRuns: 400 },
  );
});
