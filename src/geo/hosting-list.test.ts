import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { geoPath } from "../../test/support/geo-file.ts";
import { HOSTING_ASNS } from "./hosting-asns.ts";
import { type OpenedGeoFile, openGeoFile } from "./open-geo-file.ts";

function open(t: TestContext, text: string, name = "data.txt"): OpenedGeoFile {
  const opened = openGeoFile(geoPath(t, name, text));
  if (opened.type === "ranges") t.after(() => opened.file.close());
  return opened;
}

for (const [form, text, asns] of [
  [
    "with names behind them",
    "# those who rent\nAS64496 # Example\nas64497,Example Net\n\n64498 Example\n",
    [64496, 64497, 64498],
  ],
  ["bare, with CRLF", "64496\r\n64497\r\n", [64496, 64497]],
  ["with one number", "AS64496", [64496]],
] as const) {
  test(`AS numbers ${form} are seen to be a list`, (t) => {
    const opened = open(t, text);
    assert.ok(opened.type === "hosting");
    assert.deepEqual([...opened.asns], asns);
  });
}

test("ranges as numbers are not taken for a list", (t) => {
  assert.equal(open(t, "3221225984,3221226239,64496,Example\n", "x.csv").type, "ranges");
});

for (const [name, text] of [
  ["a word", "AS64496\nExample\n"],
  ["a number that is no AS number", "64496\n4294967296\n"],
  ["no number", "# nothing\n"],
] as const) {
  test(`a list with ${name} is refused`, (t) => {
    assert.throws(() => open(t, text, "hosting.txt"), { code: "ERR_GEO_DATA" });
  });
}

test("the list of Byway itself has the clouds and none of those who connect homes", () => {
  for (const asn of [16509, 15169, 8075, 14061, 24940, 16276, 20473, 63949, 31898])
    assert.ok(HOSTING_ASNS.has(asn), `${asn}`);
  // Comcast, AT&T, Verizon, Deutsche Telekom, Orange, BT, Telefónica, NTT OCN, KDDI, Vivo, Jio, Airtel, Vodafone, OVH's access.
  for (const asn of [7922, 7018, 701, 3320, 3215, 2856, 3352, 4713, 2516, 27699, 55836, 24560, 3209, 35540]) {
    assert.ok(!HOSTING_ASNS.has(asn), `${asn}`);
  }
});
