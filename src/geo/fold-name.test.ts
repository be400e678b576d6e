import assert from "node:assert/strict";
import { test } from "node:test";
import { foldName } from "./fold-name.ts";

for (const [a, b] of [
  ["New York", "new_york"],
  ["São Paulo", "sao-paulo"],
  ["Frankfurt am Main (Gallus)", "frankfurt am main"],
  ["Łódź", "Lodz"],
  ["Gießen", "giessen"],
  ["Tromsø", "tromso"],
  ["St. Gallen", "st gallen"],
  ["İzmir", "izmir"],
  ["東京", "東京 "],
] as const) {
  test(`${a} and ${b} are one name`, () => {
    assert.equal(foldName(a), foldName(b));
  });
}

test("different names stay different", () => {
  assert.notEqual(foldName("Paris"), foldName("Parma"));
  assert.notEqual(foldName("東京"), foldName("京都"));
});
