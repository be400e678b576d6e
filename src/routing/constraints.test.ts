import assert from "node:assert/strict";
import { test } from "node:test";
import { constraintsKey } from "./constraints.ts";

test("the key is one text whatever the order of the constraints", () => {
  assert.equal(constraintsKey({}), "");
  assert.equal(
    constraintsKey({ session: "s", node: "k51", countries: ["us", "de", "us"], hops: 3 }),
    "country=de+us,hops=3,node=k51,session=s",
  );
  assert.equal(constraintsKey({ countries: [] }), "");
});

test("different constraints have different keys", () => {
  const keys = [{ hops: 1 }, { hops: 2 }, { countries: ["de"] }, { session: "a" }, { session: "A" }, { node: "a" }];
  assert.equal(new Set(keys.map(constraintsKey)).size, keys.length);
});

test("no two parameters have one name in the key", () => {
  const one = {
    hops: 1,
    node: "1",
    session: "1",
    sessionSec: 1,
    countries: ["1"],
    regions: ["1"],
    cities: ["1"],
    asns: [1],
  };
  const other = {
    isps: ["1"],
    minTrust: 1,
    maxMicroUsdcPerGiB: 1n,
    preset: "fast",
    protocol: "udp",
    networks: ["mobile"],
  } as const;
  const all = Object.entries({ ...one, ...other, strict: true, stickyAsn: true });
  assert.equal(new Set(all.map(([key, value]) => constraintsKey({ [key]: value }))).size, all.length);
  assert.notEqual(constraintsKey({ cities: ["a,hops=1"] }), constraintsKey({ cities: ["a"], hops: 1 }));
  assert.equal(constraintsKey({ strict: false }), "");
});
