import assert from "node:assert/strict";
import { test } from "node:test";
import { fixtureGeo } from "../geo/fixture-geo.ts";
import { addressOf, MOST_NODES, placeOf } from "./places.ts";

test("made-up address data says of every node of the local network what it claims", () => {
  const geo = fixtureGeo();
  for (let index = 0; index < MOST_NODES; index++) {
    const { network, ...place } = placeOf(index);
    const hosting = network === "hosting" ? "hosting" : "not-hosting";
    assert.deepEqual(geo.lookup(addressOf(index)), { ...place, hosting }, addressOf(index));
  }
});
