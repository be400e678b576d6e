import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { hex } from "../../test/support/hostile-bytes.ts";
import { generateIdentity, identityFromPem, identityToPem, verifySignature } from "./identity.ts";
import { publicKeyFromPeerId } from "./peer-id.ts";

// RFC 8032 §7.1, test 2, its seed as PKCS#8 (RFC 8410 §7).
const PEM = `-----BEGIN PRIVATE KEY-----
${Buffer.from(hex("302e020100300506032b657004220420 4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")).toString("base64")}
-----END PRIVATE KEY-----
`;
const SIGNATURE = hex(`92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
  085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00`);

test("signs as RFC 8032 does", () => {
  const identity = identityFromPem(PEM);
  assert.deepEqual(identity.publicKey, hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
  assert.deepEqual(identity.sign(hex("72")), SIGNATURE);
  assert.ok(verifySignature(identity.publicKey, hex("72"), SIGNATURE));
});

test("an identity is the same after its PEM was written and read", () => {
  const identity = generateIdentity();
  const again = identityFromPem(identityToPem(identity));
  assert.equal(again.peerId, identity.peerId);
  assert.deepEqual(publicKeyFromPeerId(identity.peerId), identity.publicKey);
  assert.ok(verifySignature(again.publicKey, hex("00"), identity.sign(hex("00"))));
});

test("a changed message, key or signature is refused, and so is malformed input", () => {
  const { publicKey, sign } = generateIdentity();
  const message = hex("0102030405060708");
  const signature = sign(message);
  const change = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1);
  fc.assert(
    fc.property(fc.nat({ max: 7 }), fc.nat({ max: 31 }), fc.nat({ max: 63 }), (inMessage, inKey, inSignature) => {
      assert.equal(verifySignature(publicKey, change(message, inMessage), signature), false);
      assert.equal(verifySignature(change(publicKey, inKey), message, signature), false);
      assert.equal(verifySignature(publicKey, message, change(signature, inSignature)), false);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 96 }), (key, other) => {
      assert.equal(verifySignature(key, message, signature), false);
      assert.equal(verifySignature(publicKey, message, other), false);
    }),
  );
});

test("a PEM that is no Ed25519 key is refused", () => {
  const rsa = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
  const x25519 = generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" });
  for (const pem of ["", "nonsense", PEM.slice(0, 60), PEM.replaceAll("PRIVATE", "PUBLIC"), `${rsa}`, `${x25519}`]) {
    assert.throws(() => identityFromPem(pem), { code: "ERR_KEY_FILE" });
  }
});
