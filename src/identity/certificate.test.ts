import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { seededRandom } from "../core/random.ts";
import { createCertificate, publicKeyOfCertificate } from "./certificate.ts";
import { generateIdentity, identityFromPem } from "./identity.ts";

// Made with: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=x -days 36500
const EC_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBcDCCARWgAwIBAgIUbvq7wAW5tVjYKijucOAyDmaJnzMwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBeDAgFw0yNjExMjEwMzAzMjdaGA8yMTI2MTAyODAzMDMyN1ow
DDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNFDEiS/4ofk
KA7EWIDDfLuMEtb1ZJgYHuMvX94d9kZHntjQNyWP/iIrwD9lE5KZiONHZHjp46Re
mQgOXPKPcmijUzBRMB0GA1UdDgQWBBSPABmnXF2qhWP0X+Z990cqpYQTeDAfBgNV
HSMEGDAWgBSPABmnXF2qhWP0X+Z990cqpYQTeDAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0kAMEYCIQCb+uCJ+7eaw46HjbQGqnERKSSGbo28sCg33O4KQ4y0
DAIhAPIvyK2qL7CQ/+XlIOOomcisLV+D9wFTmpMX42T6GMm9
-----END CERTIFICATE-----
`;

test("a certificate certifies the identity's key and signs itself", async () => {
  const identity = generateIdentity();
  const { certPem, keyPem } = await createCertificate(identity, new FakeClock(), seededRandom(1));
  const certificate = new X509Certificate(certPem);
  assert.deepEqual(publicKeyOfCertificate(certificate), identity.publicKey);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.checkPrivateKey(identity.privateKey));
  assert.equal(identityFromPem(keyPem).peerId, identity.peerId);
  assert.ok(!certificate.verify(createPublicKey(generateIdentity().privateKey)));
});

test("a certificate tells nothing but the key: two of one day differ in key and serial only", async () => {
  const clock = new FakeClock();
  const first = new X509Certificate((await createCertificate(generateIdentity(), clock, seededRandom(1))).certPem);
  clock.advance(3_600_000);
  const second = new X509Certificate((await createCertificate(generateIdentity(), clock, seededRandom(2))).certPem);
  for (const field of ["subject", "issuer", "validFrom", "validTo", "subjectAltName"] as const) {
    assert.equal(first[field], second[field], field);
  }
  assert.notEqual(first.serialNumber, second.serialNumber);
  assert.equal(first.subject, "CN=peer");
  const daysLeft = (Date.parse(first.validTo) - clock.nowMs()) / 86_400_000;
  assert.ok(daysLeft > 3_600, `${daysLeft}`);
  assert.ok(Date.parse(first.validFrom) < clock.nowMs() - 3_600_000);
});

test("a certificate of another kind of key has no peer's key", () => {
  assert.equal(publicKeyOfCertificate(new X509Certificate(EC_CERTIFICATE)), undefined);
});
