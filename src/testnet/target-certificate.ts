import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import type { Clock } from "../core/clock.ts";
import { DAY_MS } from "../core/units.ts";

/** What an HTTPS server needs, and the certificate to trust; all PEM. */
export interface TargetCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A self-signed ECDSA P-256 certificate for `hosts`, addresses or names (browsers do not take Ed25519), valid for a week. */
export async function createTargetCertificate(clock: Clock, hosts: readonly string[]): Promise<TargetCertificate> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: "01",
      name: "CN=Byway demo target",
      notBefore: new Date(clock.nowMs() - DAY_MS),
      notAfter: new Date(clock.nowMs() + 7 * DAY_MS),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.SubjectAlternativeNameExtension(
          hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
        ),
      ],
    },
    webcrypto as Crypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${key.replace(/.{64}/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
  return { certPem: certificate.toString("pem"), keyPem };
}
