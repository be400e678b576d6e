import { createPublicKey, webcrypto, type X509Certificate } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import { DAY_MS } from "../core/units.ts";
import { type Identity, identityToPem, rawPublicKey } from "./identity.ts";
import { IDENTITY_LIMITS } from "./limits.ts";

/** A certificate and its private key, both PEM, as `tls` takes them. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

/**
 * A self-signed X.509 certificate (RFC 5280, RFC 8410) of the identity's own key.
 * It holds nothing that tells one peer from another but the key: verifiers compare keys and ignore names and dates.
 */
export async function createCertificate(identity: Identity, clock: Clock, random: Random): Promise<CertificatePair> {
  // Slow to load, and needed by those only that accept links. The first import is what the second one stands on.
  await import("reflect-metadata");
  const { X509CertificateGenerator } = await import("@peculiar/x509");
  const algorithm = { name: "Ed25519" };
  const serial = random.bytes(16);
  // RFC 5280 §4.1.2.2: positive, without a leading zero byte.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  // The day's start, so that the certificate does not tell when the node was started.
  const todayMs = Math.floor(clock.nowMs() / DAY_MS) * DAY_MS;
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: Buffer.from(serial).toString("hex"),
      name: "CN=peer",
      notBefore: new Date(todayMs - DAY_MS),
      notAfter: new Date(todayMs + IDENTITY_LIMITS.certificateSeconds.value * 1000),
      signingAlgorithm: algorithm,
      keys: {
        privateKey: identity.privateKey.toCryptoKey(algorithm, true, ["sign"]),
        publicKey: createPublicKey(identity.privateKey).toCryptoKey(algorithm, true, ["verify"]),
      },
    },
    webcrypto as Crypto,
  );
  return { certPem: certificate.toString("pem"), keyPem: identityToPem(identity) };
}

/** The raw 32-byte Ed25519 key that a certificate certifies, or undefined if its key is of another kind or not sound (`ed25519-rule.ts`). */
export function publicKeyOfCertificate(certificate: X509Certificate): Uint8Array | undefined {
  try {
    return rawPublicKey(certificate.publicKey);
  } catch {
    // Node throws for kinds of key that its OpenSSL does not know.
    return undefined;
  }
}
