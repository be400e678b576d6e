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
