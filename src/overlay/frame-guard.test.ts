import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Metered } from "./connection-meter.ts";
import { FrameGuard } from "./frame-guard.ts";

const options = { maxBytes: 300, freeAfter: new Set(["/ping"]), gossipAfter: new Set(["/gossip"]) };
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
    "a message of two length bytes",
    Buffer.concat([line("/kad"), Buffer.of(0xac, 0x02), Buffer.alloc(300, 0xff)]),
    true,
  ],
  ["a second message", Buffer.concat([line("/kad"), Buffer.of(1, 2), Buffer.of(1, 2)]), false],
  ["empty messages", Buffer.concat([line("/kad"), Buffer.alloc(2)]), false],
  ["protocols that are not spoken", Buffer.concat(Array.from({ length: 8 }, () => line("/no"))), true],
  ["lines without end", Buffer.concat(Array.from({ length: 9 }, () => line("/no"))), false],
  [
    "gossip of many frames",
    Buffer.concat([line("/gossip"), ...Array.from({ length: 40 }, () => Buffer.of(2, 0x12, 0))]),
    true,
  ],
  ["a frame that is longer than allowed", Buffer.of(0xad, 0x02), false],
  ["a length without end", Buffer.of(0x80, 0x80, 0x80), false],
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

/** Takes what a guard counts; junk up to `junk`. */
function counting(junk: number): {
  readonly taken: Map<Metered, number>;
  take(what: Metered, count?: number): boolean;
} {
  const taken = new Map<Metered, number>();
  return {
    taken,
    take(what, count = 1) {
      taken.set(what, (taken.get(what) ?? 0) + count);
      return what !== "junk" || (taken.get(what) ?? 0) <= junk;
    },
  };
}

const field = (number: number, bytes: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.of(number * 8 + 2, bytes.length), bytes]);
const frame = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.of(bytes.length), bytes]);
const prunes = (count: number): Buffer => field(3, Buffer.alloc(count * 2, field(4)));

test("gossip frames are counted with their control entries and subscriptions, in whatever pieces", () => {
  const bytes = Buffer.concat([
    line("/gossip"),
    frame(field(2, Buffer.alloc(40, 0xff))),
    frame(Buffer.concat([field(1, Buffer.alloc(9)), field(1), prunes(3)])),
    frame(prunes(10)),
  ]);
  for (const size of [1, 2, 7, 1_000]) {
    const meter = counting(0);
    const guard = new FrameGuard({ ...options, meter });
    for (let at = 0; at < bytes.length; at += size) assert.ok(guard.allows(bytes.subarray(at, at + size)));
    assert.equal(meter.taken.get("gossip"), 2 + 2 + 3 + 10);
    assert.equal(meter.taken.get("gossipMessages"), 1);
    assert.equal(meter.taken.get("frames"), 1);
    assert.equal(meter.taken.get("gossipBytes"), 42 + 21 + 22);
  }
});

for (const [name, bytes] of [
  ["empty", Buffer.alloc(0)],
  ["cut within a tag", Buffer.of(0x80)],
  ["cut within a length", Buffer.of(0x12, 0x80)],
  ["cut within a field", Buffer.of(0x12, 5, 1)],
  ["a control field that is longer than the frame", Buffer.of(0x1a, 9, 0x22, 0)],
  ["an entry that is longer than its control field", Buffer.of(0x1a, 2, 0x22, 9)],
  ["a control field that ends within a tag", Buffer.of(0x1a, 1, 0x80, 0x01)],
  ["an empty control field", Buffer.of(0x1a, 0)],
  ["a group", Buffer.of(0x0b)],
  ["a number without end", Buffer.alloc(20, 0x88)],
  ["nothing that is known", Buffer.of(0x48, 1)],
  ["too many entries", prunes(60 + 5)],
] as const) {
  test(`a gossip frame is junk that is ${name}`, () => {
    const meter = counting(1);
    const guard = new FrameGuard({ ...options, meter });
    assert.ok(guard.allows(line("/gossip")));
    const length =
      bytes.length < 0x80 ? Buffer.of(bytes.length) : Buffer.of(0x80 | (bytes.length & 0x7f), bytes.length >> 7);
    assert.ok(guard.allows(Buffer.concat([length, bytes])));
    assert.equal(meter.taken.get("junk"), 1);
    assert.ok(!guard.allows(Buffer.concat([length, bytes])), "junk is not allowed any more");
  });
}
