import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import type { GeoFacts } from "./geo-facts.ts";
import { type GeoFile, geoFault } from "./geo-file.ts";
import type { GeoRecord } from "./geo-record.ts";
import { LayeredGeo } from "./layered-geo.ts";

const facts = { path: "x", format: "csv", family: "both", bytes: 1, dateMs: 1, title: undefined } as const;

function layer(lookup: GeoFile["lookup"]): GeoFile {
  return { facts, lookup, check: () => Promise.reject(new Error("not here")), close: () => {} };
}

function lookup(records: readonly (GeoRecord | undefined)[], ip = "192.0.2.1"): GeoFacts {
  const files = records.map((record) => layer(() => record));
  return new LayeredGeo({ files }, { hostingAsns: new Set([64500]) }).lookup(ip);
}

for (const [name, records, expected] of [
  ["nothing known", [undefined], { hosting: "unknown" }],
  ["an AS that rents out servers", [{ asn: 64500 }], { asn: 64500, hosting: "hosting" }],
  ["an AS that does not", [{ asn: 64496 }], { asn: 64496, hosting: "not-hosting" }],
  ["a place alone", [{ country: "de" }], { country: "de", hosting: "unknown" }],
  ["a file that knows of hosting", [{ asn: 64500, hosting: "not-hosting" }], { asn: 64500, hosting: "not-hosting" }],
  [
    "fields of two files",
    [{ country: "de" }, { asn: 64496, isp: "A" }],
    { country: "de", asn: 64496, isp: "A", hosting: "not-hosting" },
  ],
  ["a later country", [{ country: "de" }, { country: "us" }], { country: "us", hosting: "unknown" }],
  ["a later file that is silent", [{ country: "de" }, undefined], { country: "de", hosting: "unknown" }],
  [
    "a city under the same country",
    [{ country: "de", city: "Berlin" }, { country: "de" }],
    { country: "de", city: "Berlin", hosting: "unknown" },
  ],
  [
    "a city under another country",
    [{ country: "de", region: "Berlin", regionCode: "be", city: "Berlin" }, { country: "us" }],
    { country: "us", hosting: "unknown" },
  ],
  ["the name of another AS", [{ asn: 64496, isp: "A" }, { asn: 64497 }], { asn: 64497, hosting: "not-hosting" }],
] as const) {
  test(`of several files: ${name}`, () => {
    assert.deepEqual(lookup(records), expected);
  });
}

test("what is no address is unknown and asked of nobody", () => {
  for (const ip of ["", "localhost", "127.1", "1.2.3.4.5"]) {
    assert.deepEqual(lookup([{ country: "de" }], ip), { hosting: "unknown" }, ip);
  }
});

test("an IPv4 address in IPv6 form is looked up as IPv4", () => {
  const asked: number[] = [];
  const file = layer(({ bytes }) => void asked.push(...bytes));
  new LayeredGeo({ files: [file] }, { hostingAsns: new Set() }).lookup("::ffff:192.0.2.9");
  assert.deepEqual(asked, [192, 0, 2, 9]);
});

test("a damaged file says nothing, is told once, and the others go on", () => {
  const logger = new RecordingLogger();
  const damaged = layer(() => {
    throw geoFault("/data/x.mmdb", "is cut short");
  });
  const files = [damaged, layer(() => ({ country: "de" }))];
  const geo = new LayeredGeo({ files, logger }, { hostingAsns: new Set() });
  for (let i = 0; i < 3; i++) assert.deepEqual(geo.lookup("192.0.2.1"), { country: "de", hosting: "unknown" });
  assert.equal(logger.lines.length, 1);
  assert.match(JSON.stringify(logger.lines[0]), /x\.mmdb is cut short/);
});
