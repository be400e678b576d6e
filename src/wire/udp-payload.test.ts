import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hex } from "../../test/support/hostile-bytes.ts";
import { CapsuleReader, encodeCapsule } from "./capsule.ts";
import { decodeUdpPayload, encodeUdpCapsule } from "./udp-payload.ts";

test("has the form of RFC 9298", () => {
  assert.deepEqual(encodeUdpCapsule(hex("aabb")), hex("00 03 00 aabb"));
  assert.deepEqual(encodeUdpCapsule(hex("")), hex("00 01 00"));
  assert.deepEqual(encodeUdpCapsule(new Uint8Array(63)).subarray(0, 4), hex("00 4040 00"));
});

test("a payload comes out as it went in", () => {
  const lengths = fc.oneof(fc.constantFrom(0, 62, 63, 64, 16_382, 16_383, 65_527), fc.nat({ max: 2_000 }));
  fc.assert(
    fc.property(lengths, fc.nat({ max: 255 }), (length, fill) => {
      const payload = new Uint8Array(length).fill(fill);
      const capsules = new CapsuleReader().push(encodeUdpCapsule(payload));
      assert.equal(capsules.length, 1);
      for (const capsule of capsules) assert.deepEqual(decodeUdpPayload(capsule), payload);
    }),
  );
});

test("other capsules and contexts are passed over", () => {
  assert.equal(decodeUdpPayload({ type: 1, payload: hex("00 aa") }), undefined);
  assert.equal(decodeUdpPayload({ type: 2n ** 60n, payload: hex("") }), undefined);
  assert.equal(decodeUdpPayload({ type: 0, payload: hex("02 aa") }), undefined);
  assert.deepEqual(decodeUdpPayload({ type: 0, payload: hex("4000 aa") }), hex("aa"));
});

test("a datagram without a context, or larger than UDP, is refused", () => {
  for (const payload of [hex(""), hex("40"), hex("c0000000"), new Uint8Array(65_529)]) {
    assert.throws(() => decodeUdpPayload({ type: 0, payload }), { code: "ERR_REQUEST_MALFORMED" });
  }
  assert.deepEqual(new CapsuleReader().push(encodeCapsule(0, new Uint8Array(65_529))).length, 1);
  assert.throws(() => encodeUdpCapsule(new Uint8Array(65_528)), { code: "ERR_REQUEST_TOO_LARGE" });
});
