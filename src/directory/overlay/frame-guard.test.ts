import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameGuard } from "./frame-guard.ts";

const options = { maxBytes: 300, freeAfter: new Set(["/ping"]) };
const line = (text: string): Buffer => Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)]);

/** Whether all is allowed when it comes in pieces of `size`. */
function allows(bytes: Uint8Array, size: number): boolean {
  const guard = new FrameGuard(options);
  for (let at = 0; at < bytes.length; at += size) if (!guard.allows(bytes.subarray(at, at + size))) return false;
  return true;
}

for (const [name, bytes, allowed] of [
  ["a choice of a protocol", Buffer.concat([line("/multistream/1.0.0"), line("/kad")]), true],
  [
    "a frame of two length bytes",
    Buffer.concat([Buffer.of(0xac, 0x02), Buffer.alloc(300, 0xff), Buffer.of(1, 2)]),
    true,
  ],
  ["a frame that is longer than allowed", Buffer.of(0xad, 0x02), false],
  ["a length without end", Buffer.of(0x80, 0x80, 0x80), false],
  ["empty frames", Buffer.alloc(50), true],
  ["free bytes after the line that says so", Buffer.concat([line("/ping"), Buffer.alloc(500, 0xff)]), true],
  ["free bytes after another line", Buffer.concat([line("/pong"), Buffer.alloc(500, 0xff)]), false],
] as const) {
  test(`${name}: ${allowed ? "allowed" : "refused"}, in whatever pieces`, () => {
    for (const size of [1, 2, 7, 1_000]) assert.equal(allows(bytes, size), allowed, `${size}`);
  });
}

test("the cut into pieces makes no difference", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
      assert.equal(allows(bytes, size), allows(bytes, 1_000));
    }),
  );
});
