import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { writeMmdb } from "../../test/support/mmdb-writer.ts";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { fixtureCsv, fixtureGeo } from "./fixture-geo.ts";
import { type OpenGeo, type OpenGeoOptions, openGeo } from "./open-geo.ts";

/** A data directory with `files` in its `geo` directory. */
function dataDirectory(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, "geo"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, "geo", name), content);
  return directory;
}

async function open(t: TestContext, options: OpenGeoOptions): Promise<OpenGeo> {
  const geo = await openGeo(options);
  t.after(() => geo.close());
  return geo;
}

test("with nothing installed, npm's data knows country, AS and hosting, and says whose it is", async (t) => {
  const geo = await open(t, { dataDirectory: "/does/not/exist" });
  const { country, asn, isp, hosting } = geo.lookup("8.8.8.8");
  assert.deepEqual([country, asn, hosting], ["us", 15169, "hosting"]);
  assert.match(isp ?? "", /Google/);
  assert.deepEqual(geo.lookup("2003:c0::1").asn, 3320);
  assert.equal(geo.lookup("84.128.1.1").hosting, "not-hosting");
  for (const reserved of ["127.10.0.1", "192.168.1.1", "2001:db8::1", "fe80::1", "203.0.113.1"]) {
    assert.deepEqual(geo.lookup(reserved), { hosting: "unknown" }, reserved);
  }
  assert.equal(geo.lookup("::ffff:8.8.8.8").asn, 15169);
  assert.deepEqual(
    geo.files.map(({ kind, origin, attribution }) => [kind, origin, attribution.licence]),
    [
      ["country", "npm", "CC0-1.0"],
      ["asn", "npm", "CC-BY-4.0"],
      ["asn", "npm", "CC-BY-4.0"],
    ],
  );
  for (const { attribution, dateMs } of geo.files) {
    assert.ok(attribution.credit.length > 10);
    assert.ok(new Date(dateMs).getUTCFullYear() >= 2026);
  }
});

test("installed files win, of one kind that of one family, and a file gives what its name says", async (t) => {
  const geo = await open(t, {
    dataDirectory: dataDirectory(t, {
      "country.mmdb": writeMmdb({
        networks: { "8.0.0.0/8": { country_code: "FR" }, "9.0.0.0/8": { country_code: "FR" } },
      }),
      "country-ipv4.csv": "8.8.8.0,8.8.8.255,IT\n",
      "asn-ipv4.csv": "start,end,asn,isp,country\n8.8.8.0,8.8.8.255,64496,Example,ES\n",
      "hosting.txt": "AS64496\n",
    }),
  });
  assert.deepEqual(geo.lookup("8.8.8.8"), { country: "it", asn: 64496, isp: "Example", hosting: "hosting" });
  assert.equal(geo.lookup("9.9.9.9").country, "fr");
  // The operator's list takes the place of Byway's own.
  assert.equal(geo.lookup("52.94.236.248").hosting, "not-hosting");
});

test("a bad installed file is logged and left out", async (t) => {
  const logger = new RecordingLogger();
  const directory = dataDirectory(t, { "country.mmdb": "junk", "city.csv": "", ".incoming-1": "x", "notes.md": "x" });
  const geo = await open(t, { dataDirectory: directory, logger });
  assert.equal(geo.lookup("8.8.8.8").country, "us");
  assert.deepEqual(
    geo.files.map(({ origin }) => origin),
    ["npm", "npm", "npm"],
  );
  assert.equal(logger.lines.filter((line) => line.startsWith("warn")).length, 2);
});

test("what the setting names must be good", async (t) => {
  const data = "/does/not/exist";
  await assert.rejects(openGeo({ dataDirectory: data, path: "/does/not/exist" }), { code: "ERR_GEO_DATA" });
  const path = join(dataDirectory(t, { "country.mmdb": "junk" }), "geo");
  await assert.rejects(openGeo({ dataDirectory: data, path }), { code: "ERR_GEO_DATA" });
  const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`${i}.csv`, "8.8.8.0,8.8.8.255,IT\n"]));
  await assert.rejects(openGeo({ dataDirectory: data, path: join(dataDirectory(t, many), "geo") }), {
    message: /more than 32 files/,
  });
});

test("the local network's data is the same in memory and as a file", async (t) => {
  const path = join(temporaryDirectory(t), "places.csv");
  writeFileSync(path, fixtureCsv());
  const geo = await open(t, { dataDirectory: "/does/not/exist", path });
  for (let second = 0; second < 256; second++) {
    for (const ip of [`127.${second}.0.0`, `127.${second}.255.255`]) {
      assert.deepEqual(geo.lookup(ip), fixtureGeo().lookup(ip), ip);
    }
  }
  assert.equal(fixtureGeo().lookup("127.50.0.1").hosting, "hosting");
  assert.equal(fixtureGeo().lookup("8.8.8.8").hosting, "unknown");
});
