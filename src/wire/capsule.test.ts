import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex, onlyTypedErrors } from "../../test/support/hostile-bytes.ts";
import { type Capsule, CapsuleReader, encodeCapsule } from "./capsule.ts";
import { encodeVarint, type Varint } from "./varint.ts";

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function readAll(stream: Uint8Array, sizes: readonly number[]): readonly Capsule[] {
  const reader = new CapsuleReader();
  const capsules: Capsule[] = [];
  for (let at = 0, turn = 0; at < stream.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    capsules.push(...reader.push(stream.slice(at, at + size)));
    at += size;
  }
  assert.equal(reader.incomplete, false);
  return capsules;
}

test("has the form of RFC 9297", () => {
  assert.deepEqual(encodeCapsule(0, hex("0001")), hex("00 02 0001"));
  assert.deepEqual(encodeCapsule(0x1234, hex("")), hex("5234 00"));
  assert.deepEqual(encodeCapsule(0, new Uint8Array(64)).subarray(0, 3), hex("00 4040"));
});

test("capsules come out as they went in, however the stream is cut", () => {
  const type = fc.oneof(
    fc.nat({ max: 70 }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 62n - 1n }),
  ) as fc.Arbitrary<Varint>;
  const capsule = fc.record({ type, payload: fc.uint8Array({ maxLength: 80 }) }, { noNullPrototype: true });
  fc.assert(
    fc.property(
      fc.array(capsule, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      (capsules, sizes) => {
        const stream = joined(capsules.map((one) => encodeCapsule(one.type, one.payload)));
        assert.deepEqual(readAll(stream, sizes), capsules);
      },
    ),
  );
});

test("the largest capsule passes, in one chunk and byte by byte", () => {
  const payload = new Uint8Array(65_543).map((_, at) => at);
  const stream = joined([encodeCapsule(0, payload), encodeCapsule(7, hex("aa"))]);
  for (const size of [stream.length, 1, 65_547]) {
    assert.deepEqual(readAll(stream, [size]), [
      { type: 0, payload },
      { type: 7, payload: hex("aa") },
    ]);
  }
});

test("a whole capsule inside a chunk is not copied", () => {
  const chunk = encodeCapsule(0, hex("00010203"));
  assert.equal(new CapsuleReader().push(chunk)[0]?.payload.buffer, chunk.buffer);
});

test("a longer capsule of an unknown type is passed over without being kept", () => {
  const long = joined([encodeVarint(9), encodeVarint(65_544), new Uint8Array(65_544)]);
  const stream = joined([encodeCapsule(0, hex("00")), long, encodeCapsule(0, hex("0001"))]);
  const expected = [
    { type: 0, payload: hex("00") },
    { type: 0, payload: hex("0001") },
  ];
  for (const size of [1, 7, 60_000, stream.length]) assert.deepEqual(readAll(stream, [size]), expected);
  const endless = new CapsuleReader();
  endless.push(joined([encodeVarint(9), encodeVarint(2n ** 62n - 1n)]));
  assert.deepEqual(endless.push(new Uint8Array(100_000)), []);
  assert.equal(endless.incomplete, true);
});

test("a longer datagram ends the reader", () => {
  const reader = new CapsuleReader();
  assert.throws(() => reader.push(joined([encodeVarint(0), encodeVarint(65_544)])), {
    code: "ERR_REQUEST_MALFORMED",
  });
  assert.throws(() => reader.push(encodeCapsule(0, hex("00"))), { code: "ERR_REQUEST_MALFORMED" });
});

test("an end within a capsule can be told", () => {
  const bytes = encodeCapsule(0x1234, hex("0102"));
  for (let cut = 1; cut <= bytes.length; cut += 1) {
    const reader = new CapsuleReader();
    reader.push(bytes.subarray(0, cut));
    assert.equal(reader.incomplete, cut < bytes.length);
  }
});

test("random bytes give capsules or a typed error", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), (chunks) => {
      const reader = new CapsuleReader();
      onlyTypedErrors(() => {
        for (const chunk of chunks) reader.push(chunk);
      });
    }),
    { numRuns: 500 },
  );
});

test("a capsule takes memory as its bytes come, and not as its length says", () => {
  const reader = new CapsuleReader();
  reader.push(hex("00 8000ffff"));
  assert.equal(reader.heldBytes, 0);
  for (let sent = 1; sent <= 10_000; sent += 1) {
    reader.push(hex("aa"));
    assert.ok(reader.heldBytes >= sent && reader.heldBytes <= 2 * sent, `${reader.heldBytes} for ${sent}`);
  }
});
