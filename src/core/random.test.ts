import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "./random.ts";

test("no bytes are handed out twice, whatever their number, and each caller owns its own", () => {
  const seen = new Set<string>();
  const owned: { readonly bytes: Uint8Array; readonly text: string }[] = [];
  for (let count = 0; count < 2_000; count += 1) {
    systemRandom.float();
    const length = [8, 16, 17, 32, 64, 65][count % 6] ?? 0;
    const bytes = systemRandom.bytes(length);
    assert.equal(bytes.length, length);
    assert.equal(bytes.buffer.byteLength, length);
    const text = Buffer.from(bytes).toString("hex");
    assert.ok(!seen.has(text) && /[1-9a-f]/.test(text));
    seen.add(text);
    owned.push({ bytes, text });
  }
  for (const { bytes, text } of owned) assert.equal(Buffer.from(bytes).toString("hex"), text);
});

test("chance is spread over [0, 1)", () => {
  const drawn = Array.from({ length: 4_000 }, () => systemRandom.float());
  assert.ok(drawn.every((value) => value >= 0 && value < 1));
  for (let tenth = 0; tenth < 10; tenth += 1) {
    assert.ok(drawn.some((value) => Math.floor(value * 10) === tenth));
  }
});
