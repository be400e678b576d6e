import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { writeMmdb } from "../../test/support/mmdb-writer.ts";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { type InstalledGeoFile, type InstallGeoOptions, installGeoFile } from "./install-geo-file.ts";

const COUNTRY = "192.0.2.0,192.0.2.255,DE\n";
const never = new AbortController().signal;

async function* pieces(content: string | Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function install(
  directory: string,
  content: string | Uint8Array,
  options: Partial<InstallGeoOptions> = {},
): Promise<InstalledGeoFile> {
  const components = { random: seededRandom(1), clock: new FakeClock() };
  return installGeoFile(components, { bytes: pieces(content), name: "the file", directory, signal: never, ...options });
}

/** A directory with `files` that stand for what was installed before. */
function installed(t: TestContext, ...files: readonly string[]): string {
  const directory = join(temporaryDirectory(t), "geo");
  mkdirSync(directory);
  for (const name of files) writeFileSync(join(directory, name), "before");
  return directory;
}

const MMDB = writeMmdb({ networks: { "192.0.2.0/24": { country_code: "DE" } } });

for (const [what, content, file, kind, options] of [
  ["country ranges of IPv4", COUNTRY, "country-ipv4.csv", "country", {}],
  ["country ranges of IPv6", "2001:db8::,2001:db8::f,DE\n", "country-ipv6.csv", "country", {}],
  ["country ranges, packed", gzipSync(COUNTRY), "country-ipv4.csv", "country", {}],
  ["a country MMDB", MMDB, "country.mmdb", "country", {}],
  [
    "a city MMDB",
    writeMmdb({ networks: { "192.0.2.0/24": { country_code: "DE", city: "Berlin" } } }),
    "city.mmdb",
    "city",
    {},
  ],
  [
    "an AS MMDB of IPv4",
    writeMmdb({ networks: { "192.0.2.0/24": { asn: 64496 } }, ipVersion: 4 }),
    "asn-ipv4.mmdb",
    "asn",
    {},
  ],
  [
    "places and AS numbers",
    writeMmdb({ networks: { "192.0.2.0/24": { country: "DE", asn: "AS1" } } }),
    "mixed.mmdb",
    "mixed",
    {},
  ],
  ["a list of AS numbers", "AS64496\nAS64497 # Example\n", "hosting.txt", "hosting", {}],
  [
    "a city file for its countries",
    writeMmdb({ networks: { "192.0.2.0/24": { country_code: "DE", city: "Berlin" } } }),
    "country.mmdb",
    "country",
    { kind: "country" },
  ],
] as const) {
  test(`${what}: installed as ${file}, for all to read`, async (t) => {
    const directory = join(temporaryDirectory(t), "new", "geo");
    const result = await install(directory, content, options);
    assert.equal(result.path, join(directory, file));
    assert.equal(result.kind, kind);
    assert.ok(result.records > 0);
    assert.deepEqual(readdirSync(directory), [file]);
    assert.equal(statSync(result.path).mode & 0o777, 0o644);
  });
}

for (const [what, content, options, message] of [
  ["junk", "junk\n", {}, /the file is neither an MMDB nor a CSV/],
  ["nothing", "", {}, /the file is empty/],
  ["half an MMDB", MMDB.subarray(0, MMDB.length / 2), {}, /neither/],
  ["ranges out of order", `192.0.3.0,192.0.3.255,DE\n${COUNTRY}`, {}, /out of order/],
  ["a tree without records", writeMmdb({ networks: {} }), {}, /says nothing/],
  ["countries for AS numbers", MMDB, { kind: "asn" }, /holds no asn data/],
  ["ranges for a list", COUNTRY, { kind: "hosting" }, /no AS number in line 1/],
  ["a packed file that is cut off", gzipSync(COUNTRY).subarray(0, 30), {}, /cannot be unpacked/],
  ["a packed file that grows too large", gzipSync(Buffer.alloc(1_000_000)), { maxBytes: 10_000 }, /larger than 10000/],
  ["a file that is too large", COUNTRY.repeat(100), { maxBytes: 1_000 }, /larger than 1000/],
] as const) {
  test(`${what}: refused, and what was there stays`, async (t) => {
    const directory = installed(t, "country-ipv4.csv", "country.mmdb", "asn.mmdb", "hosting.txt");
    const before = readdirSync(directory);
    await assert.rejects(install(directory, content, options), { code: "ERR_GEO_DATA", message });
    assert.deepEqual(readdirSync(directory), before);
    for (const name of before) assert.equal(readFileSync(join(directory, name), "utf8"), "before");
  });
}

test("a new file takes the place of those that hold nothing else, and of no others", async (t) => {
  const names = ["country-ipv4.csv", "country-ipv6.mmdb", "country.csv", "city.mmdb", "asn-ipv4.csv", "mine.csv"];
  const whole = installed(t, ...names);
  const { replaced } = await install(whole, MMDB);
  assert.deepEqual([...replaced].sort(), ["country-ipv4.csv", "country-ipv6.mmdb", "country.csv"]);
  assert.deepEqual(readdirSync(whole).sort(), ["asn-ipv4.csv", "city.mmdb", "country.mmdb", "mine.csv"]);
  const part = installed(t, ...names);
  await install(part, COUNTRY);
  assert.deepEqual(readdirSync(part).sort(), [...names].sort());
  assert.equal(readFileSync(join(part, "country-ipv4.csv"), "utf8"), COUNTRY);
});

test("an update that is taken back leaves nothing behind, and its source is ended", async (t) => {
  const directory = installed(t, "country.mmdb");
  const stop = new AbortController();
  const reason = new Error("enough");
  let isEnded = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (let i = 0; ; i++) {
        if (i === 100) stop.abort(reason);
        yield Buffer.from(COUNTRY);
        await new Promise(setImmediate);
      }
    } finally {
      isEnded = true;
    }
  }
  await assert.rejects(install(directory, "", { bytes: endless(), signal: stop.signal }), reason);
  assert.deepEqual(readdirSync(directory), ["country.mmdb"]);
  assert.ok(isEnded);
});

test("what a killed update left is cleared away, and that of another at work is not", async (t) => {
  const directory = installed(t, ".incoming-old", ".incoming-young");
  const nowSec = new FakeClock().nowMs() / 1000;
  utimesSync(join(directory, ".incoming-old"), nowSec, nowSec - 3_601);
  utimesSync(join(directory, ".incoming-young"), nowSec, nowSec - 10);
  await install(directory, COUNTRY);
  assert.deepEqual(readdirSync(directory).sort(), [".incoming-young", "country-ipv4.csv"]);
});

test("a directory that cannot be written is an error of its own", {
  skip: !existsSync("/dev/null") && "no /dev/null",
}, async () => {
  await assert.rejects(install("/dev/null/geo", COUNTRY), { code: "ERR_DATA_DIRECTORY" });
});
