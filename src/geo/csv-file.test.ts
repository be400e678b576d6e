import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { geoPath, openRanges } from "../../test/support/geo-file.ts";
import { hostileBytes, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { parseIp } from "../core/ip-address.ts";
import type { CsvFile } from "./csv-file.ts";
import type { GeoFile, GeoKind } from "./geo-file.ts";
import type { GeoRecord } from "./geo-record.ts";
import { openGeoFile } from "./open-geo-file.ts";

const DAMAGED = { code: "ERR_GEO_DATA" };
const never = new AbortController().signal;

function ask(file: GeoFile | CsvFile, ip: string): GeoRecord | undefined {
  const parsed = parseIp(ip);
  assert.ok(parsed, ip);
  return file.lookup(parsed);
}

const BERLIN = { country: "de", region: "Berlin", city: "Berlin" };

const FORMS: readonly (readonly [form: string, text: string, kind: GeoKind | undefined, record: GeoRecord])[] = [
  ["ip-location-db, country", "192.0.2.0,192.0.2.255,DE\n", undefined, { country: "de" }],
  ["the same as numbers", "3221225984,3221226239,DE\n", undefined, { country: "de" }],
  [
    "ip-location-db, AS",
    '192.0.2.0,192.0.2.255,64496,"Example, ""Net"""\n',
    undefined,
    { asn: 64496, isp: 'Example, "Net"' },
  ],
  ["AS without a name", "192.0.2.0,192.0.2.255,64496\n", undefined, { asn: 64496 }],
  [
    "ip-location-db, city",
    "192.0.2.0,192.0.2.255,DE,Berlin,Mitte,Berlin,10115,52.5,13.4,Europe/Berlin\n",
    undefined,
    BERLIN,
  ],
  ["DB-IP, city", '"192.0.2.0","192.0.2.255","EU","DE","Berlin","Berlin","52.5","13.4"\n', undefined, BERLIN],
  ["city taken for country", "192.0.2.0,192.0.2.255,DE,Berlin,,Berlin,,,,\n", "country", { country: "de" }],
  [
    "CRLF and a byte order mark",
    "\uFEFFstart_ip,end_ip,country\r\n192.0.2.0,192.0.2.255,DE\r\n",
    undefined,
    { country: "de" },
  ],
  [
    "a header that names the columns",
    "ip_range_start,ip_range_end,city,autonomous_system_number,state1,country_code,hosting\n192.0.2.0,192.0.2.255,Berlin,64496,Berlin,DE,hosting",
    undefined,
    { ...BERLIN, asn: 64496, hosting: "hosting" },
  ],
];

for (const [form, text, kind, record] of FORMS) {
  test(`a file of the form ${form} is read`, async (t) => {
    const file = openRanges(t, text, kind);
    for (const ip of ["192.0.2.0", "192.0.2.99", "192.0.2.255"]) assert.deepEqual(ask(file, ip), record, ip);
    for (const ip of ["192.0.1.255", "192.0.3.0", "0.0.0.0", "255.255.255.255", "::", "2001:db8::"]) {
      assert.equal(ask(file, ip), undefined, ip);
    }
    assert.equal((await file.check(never)).records, 1);
    assert.equal(file.facts.family, "ipv4");
  });
}

for (const [form, first, last, family] of [
  ["text", "2001:db8::", "2001:db8::ffff", "ipv6"],
  ["numbers", "42540766411282592856903984951653826560", "42540766411282592856903984951653892095", "ipv6"],
  ["text, behind IPv4", "2001:db8::", "2001:db8::ffff", "both"],
] as const) {
  test(`IPv6 as ${form} is read`, (t) => {
    const before = family === "both" ? "192.0.2.0,192.0.2.255,US\n" : "";
    const file = openRanges(t, `${before}${first},${last},DE\n`);
    assert.equal(file.facts.family, family);
    for (const ip of ["2001:db8::", "2001:db8::1", "2001:db8::ffff"])
      assert.deepEqual(ask(file, ip), { country: "de" });
    for (const ip of ["2001:db7:ffff::", "2001:db8::1:0", "::", "192.0.3.0"])
      assert.equal(ask(file, ip), undefined, ip);
    assert.deepEqual(ask(file, "192.0.2.9"), family === "both" ? { country: "us" } : undefined);
  });
}

test("searching by halves finds what reading from the top finds", (t) => {
  const path = geoPath(t, "data", "x");
  const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
  const ranges = fc
    .uniqueArray(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 2, maxLength: 80 })
    .map((ends) => [...ends.slice(0, ends.length & ~1)].sort((a, b) => a - b))
    .map((ends) =>
      Array.from({ length: ends.length / 2 }, (_, i) => [ends[i * 2] ?? 0, ends[i * 2 + 1] ?? 0] as const),
    );
  const asIsps = fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(ranges, asIsps, fc.boolean(), (rows, isps, isNumeric) => {
      const write = isNumeric ? String : dotted;
      const lines = rows.map(([a, b], i) => {
        const isp = (isps[i % isps.length] ?? "").replaceAll(/[\r\n]/g, " ").replaceAll('"', '""');
        return `${write(a)},${write(b)},${i + 1},"${isp}"`;
      });
      writeFileSync(path, `${lines.join("\n")}\n`);
      const opened = openGeoFile(path, "asn");
      assert.ok(opened.type === "ranges");
      const edges = rows
        .flatMap(([a, b]) => [a - 1, a, a + 1, b - 1, b, b + 1])
        .filter((v) => v >= 0 && v <= 0xffffffff);
      for (const value of [0, 0xffffffff, ...edges]) {
        const row = rows.findIndex(([a, b]) => a <= value && value <= b);
        assert.equal(ask(opened.file, dotted(value))?.asn, row === -1 ? undefined : row + 1, dotted(value));
      }
      opened.file.close();
    }),
    { numRuns: 60 },
  );
});

for (const [name, text, message] of [
  ["prose", "Once upon a time there was an address.\n", /neither an MMDB nor a CSV/],
  ["a header alone", "start,end,country\n", /header and nothing else/],
  ["columns of no known form", "192.0.2.0,192.0.2.255,1.5,2,3\n", /neither an MMDB nor a CSV/],
  ["a body that is no range", "start,end,country\nfoo,bar,DE\n", /no range of addresses/],
  ["a line of 10 kB", `192.0.2.0,192.0.2.255,64496,${"x".repeat(10_000)}\n`, /line that is too long/],
] as const) {
  test(`${name} is refused`, (t) => {
    assert.throws(() => openGeoFile(geoPath(t, "data", text)), { ...DAMAGED, message });
  });
}

for (const [name, text] of [
  ["ranges that do not rise", "192.0.2.0,192.0.2.255,DE\n10.0.0.0,10.0.0.255,US\n192.0.3.0,192.0.3.255,DE\n"],
  ["a range that ends before it begins", "192.0.2.255,192.0.2.0,DE\n"],
  ["a range from one family to the other", "192.0.2.0,2001:db8::,DE\n2001:db8::,2001:db8::1,DE\n"],
  ["a broken line in the middle", "192.0.2.0,192.0.2.255,DE\nbroken\n192.0.3.0,192.0.3.255,DE\n"],
] as const) {
  test(`${name} is found when the file is checked`, async (t) => {
    await assert.rejects(openRanges(t, text).check(never), DAMAGED);
  });
}

test("a check can be taken back", async (t) => {
  const file = openRanges(t, "192.0.2.0,192.0.2.255,DE\n");
  const reason = new Error("enough");
  await assert.rejects(file.check(AbortSignal.abort(reason)), reason);
});

test("whatever is changed in a file, only typed errors come of it", (t) => {
  const samples = FORMS.map(([, text]) => Buffer.from(text.repeat(3)));
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
      for (const ip of ["192.0.2.1", "0.0.0.0", "2001:db8::1"]) onlyTypedErrors(() => ask(file, ip));
      file.close();
    }),
    { numRuns: 400 },
  );
});
