import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/core/clock.ts";
import { systemRandom } from "../src/core/random.ts";
import { createCertificate } from "../src/identity/certificate.ts";
import { generateIdentity } from "../src/identity/identity.ts";
import type { Site } from "./site.ts";

/** Writes an Ed25519 certificate and its key into the site's folder, as Byway's own nodes have. Gives both paths. */
export async function writeCertificate(site: Site): Promise<{ readonly cert: string; readonly key: string }> {
  const pair = await createCertificate(generateIdentity(), systemClock, systemRandom);
  const cert = join(site.folder, "cert.pem");
  const key = join(site.folder, "key.pem");
  writeFileSync(cert, pair.certPem);
  writeFileSync(key, pair.keyPem, { mode: 0o600 });
  return { cert, key };
}
