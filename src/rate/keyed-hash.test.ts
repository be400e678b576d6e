import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/random.ts";
import { KeyedHash } from "./keyed-hash.ts";

/** From vectors.h of the reference code: key 00 01 … 07, texts 00 01 … of each length, 32 bits of result. */
const VECTORS = [
  "a9359f5b",
  "27475ab8",
  "fa62a603",
  "8afee704",
  "2a6e4689",
  "c5fab669",
  "5863fc23",
  "8bcf63c5",
  "d0b8848f",
  "f806e779",
  "94b07934",
];

test("the published results come out", () => {
  const published = new KeyedHash({ random: { bytes: (length) => Uint8Array.from({ length }, (_, n) => n) } });
  for (const [length, hex] of VECTORS.entries()) {
    const text = String.fromCharCode(...Array.from({ length }, (_, n) => n));
    assert.equal(published.of(text), Buffer.from(hex, "hex").readInt32LE(), `${length} bytes`);
  }
});

test("another process has other results, and texts that differ little do not collide", () => {
  const one = new KeyedHash({ random: seededRandom(1) });
  const other = new KeyedHash({ random: seededRandom(2) });
  const results = new Set<number>();
  let same = 0;
  for (let n = 0; n < 10_000; n++) {
    const text = `host-${n}.example`;
    results.add(one.of(text));
    if (one.of(text) === other.of(text)) same += 1;
  }
  assert.equal(results.size, 10_000);
  assert.equal(same, 0);
});
