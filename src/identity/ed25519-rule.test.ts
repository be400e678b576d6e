import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  add,
  BASE,
  bytesOf,
  challenge,
  encode,
  isLaxlyGood,
  L,
  NEUTRAL,
  numberOf,
  P,
  type Point,
  pointAt,
  times,
} from "../../test/support/edwards.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { createCertificate, publicKeyOfCertificate } from "./certificate.ts";
import { isSoundPoint, isSoundSignature } from "./ed25519-rule.ts";
import { generateIdentity, rawPublicKey, verifySignature } from "./identity.ts";
import { parsePeerId, peerIdFromPublicKey, publicKeyFromPeerId } from "./peer-id.ts";

const MESSAGE = Buffer.from("a message");
const SIGN = 2n ** 255n;
const isNeutral = ({ x, y }: Point): boolean => x === 0n && y === 1n;

/** A point of order 8, found as L times some point, and its multiples: all eight points of small order. */
function smallPoints(): readonly Point[] {
  for (let y = 2n; ; y += 1n) {
    let point: Point;
    try {
      point = times(L, pointAt(y, 0));
    } catch {
      continue;
    }
    if (!isNeutral(times(4n, point))) return Array.from({ length: 8 }, (_, factor) => times(BigInt(factor), point));
  }
}

const SMALL = smallPoints();
/** Every encoding of them: canonical, with the sign of x = 0 set, and with p added to y. */
const SMALL_ENCODINGS = [
  ...new Set(
    SMALL.flatMap(({ x, y }) => {
      const ys = [y, ...(y + P < SIGN ? [y + P] : [])];
      return ys.flatMap((one) => (x === 0n ? [one, one | SIGN] : [one | ((x & 1n) << 255n)]));
    }),
  ),
].map(bytesOf);

/** A key with a scalar that the test knows. */
const secret = 2n ** 200n + 12345n;
const key = encode(times(secret, BASE));

function signature(r: Uint8Array, s: bigint): Uint8Array {
  return Buffer.concat([r, bytesOf(s)]);
}

/** The signature with R = nonce·B + `more` by the key secret·B + `torsion`, which holds where the torsion parts cancel. */
function signed(a: Uint8Array, nonce: bigint, more: Point = NEUTRAL): Uint8Array {
  const r = encode(add(times(nonce, BASE), more));
  return signature(r, (nonce + challenge(r, a, MESSAGE) * secret) % L);
}

test("there are eight points of small order in fourteen encodings", () => {
  assert.equal(new Set(SMALL.map(({ x, y }) => `${x} ${y}`)).size, 8);
  assert.ok(SMALL.every((point) => isNeutral(times(8n, point))));
  assert.equal(SMALL_ENCODINGS.length, 14);
});

suite("no encoding of a point of small order", () => {
  for (const bytes of SMALL_ENCODINGS) {
    const name = Buffer.from(bytes).toString("hex");
    test(`${name} is a key`, () => {
      assert.equal(isSoundPoint(bytes), false);
      assert.throws(() => parsePeerId(peerIdFromPublicKey(bytes)), { code: "ERR_PARAMETER_VALUE" });
      assert.throws(() => publicKeyFromPeerId(peerIdFromPublicKey(bytes)), { code: "ERR_PARAMETER_VALUE" });
      let imported: ReturnType<typeof createPublicKey> | undefined;
      try {
        imported = createPublicKey({ key: Buffer.from(bytes), format: "raw-public", asymmetricKeyType: "ed25519" });
      } catch {}
      if (imported !== undefined) assert.equal(rawPublicKey(imported), undefined);
    });

    test(`${name} signs, though the equation holds`, () => {
      let forged = 0;
      // S·B = R for the key of order n holds for one message in n, without any secret.
      for (let nonce = 1n; nonce <= 64n && forged === 0; nonce += 1n) {
        const one = signature(encode(times(nonce, BASE)), nonce);
        if (!isLaxlyGood(bytes, MESSAGE, one)) continue;
        forged += 1;
        assert.equal(verifySignature(bytes, MESSAGE, one), false);
      }
      assert.equal(forged, 1, "no signature that a lax verifier takes was found");
    });

    test(`${name} is the R of a signature`, () => {
      const one = signature(bytes, (challenge(bytes, key, MESSAGE) * secret) % L);
      assert.ok(isLaxlyGood(key, MESSAGE, one, 8n), "a lax verifier takes it");
      assert.equal(isSoundSignature(one), false);
      assert.equal(verifySignature(key, MESSAGE, one), false);
    });
  }
});

test("a y of p or more is refused, in keys and in R", () => {
  for (let y = P; y < SIGN; y += 1n)
    for (const sign of [0n, SIGN]) {
      assert.equal(isSoundPoint(bytesOf(y | sign)), false, String(y - P));
      assert.equal(isSoundSignature(signature(bytesOf(y | sign), 1n)), false);
    }
  for (const y of [2n, 3n, P - 2n, P - 3n, 2n ** 254n, 0xedn, P - 0x100n])
    for (const sign of [0n, SIGN]) assert.ok(isSoundPoint(bytesOf(y | sign)), String(y));
});

test("S is below L", () => {
  const good = signed(key, 77n);
  const s = numberOf(good.subarray(32));
  assert.ok(verifySignature(key, MESSAGE, good));
  for (let more = s + L; more < 2n ** 256n; more += L) {
    const other = signature(good.subarray(0, 32), more);
    assert.ok(isLaxlyGood(key, MESSAGE, other));
    assert.deepEqual([isSoundSignature(other), verifySignature(key, MESSAGE, other)], [false, false]);
  }
  const r = good.subarray(0, 32);
  assert.deepEqual(
    [0n, 1n, L - 1n, L, L + 1n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n].map((one) =>
      isSoundSignature(signature(r, one)),
    ),
    [true, true, true, false, false, false, false, false],
  );
});

test("the equation holds without a cofactor", () => {
  const [, torsion = NEUTRAL] = SMALL;
  // Only R has a part of small order: with the cofactor the equation holds, without it it does not.
  const cofactored = signed(key, 77n, torsion);
  assert.deepEqual([isLaxlyGood(key, MESSAGE, cofactored, 8n), isLaxlyGood(key, MESSAGE, cofactored)], [true, false]);
  assert.deepEqual([isSoundSignature(cofactored), verifySignature(key, MESSAGE, cofactored)], [true, false]);
  // Key and R have such parts, which cancel: every verifier without a cofactor takes it.
  const mixed = encode(add(times(secret, BASE), torsion));
  const both = Array.from({ length: 512 }, (_, at) => {
    const part = SMALL[at % 8] ?? NEUTRAL;
    return signed(mixed, BigInt(at + 1), part);
  }).find((one) => isLaxlyGood(mixed, MESSAGE, one));
  assert.ok(both !== undefined && isSoundPoint(mixed));
  assert.ok(verifySignature(mixed, MESSAGE, both));
});

test("wrong lengths are refused", () => {
  for (const length of [0, 31, 33, 64]) assert.equal(isSoundPoint(new Uint8Array(length).fill(7)), false);
  for (const length of [0, 32, 63, 65]) assert.equal(isSoundSignature(new Uint8Array(length).fill(7)), false);
});

test("every key and signature that is made is sound", () => {
  for (let round = 0; round < 50; round += 1) {
    const { publicKey, sign } = generateIdentity();
    assert.ok(isSoundPoint(publicKey) && isSoundSignature(sign(MESSAGE)));
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const before = bytes.slice();
      isSoundPoint(bytes);
      assert.deepEqual(bytes, before, "what is looked at stays as it is");
    }),
  );
});

test("a certificate with a key of small order certifies nobody", async () => {
  const identity = generateIdentity();
  const { certPem } = await createCertificate(identity, new FakeClock(), seededRandom(1));
  const der = Buffer.from(new X509Certificate(certPem).raw);
  const at = der.indexOf(identity.publicKey);
  for (const bytes of SMALL_ENCODINGS) {
    der.set(bytes, at);
    assert.equal(publicKeyOfCertificate(new X509Certificate(der)), undefined);
  }
});
