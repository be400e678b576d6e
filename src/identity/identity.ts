import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { BywayError } from "../core/errors.ts";
import { isSoundPoint, isSoundSignature } from "./ed25519-rule.ts";
import { type PeerId, peerIdFromPublicKey } from "./peer-id.ts";

/** Who a peer is: one Ed25519 key (RFC 8032) and what follows from it. */
export interface Identity {
  readonly peerId: PeerId;
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
  /** A pure Ed25519 signature of 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

// RFC 8410 §4: SubjectPublicKeyInfo of an Ed25519 key is this prefix and the 32 raw bytes.
const SPKI_PREFIX: Uint8Array = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/** A new identity from the operating system's randomness. */
export function generateIdentity(): Identity {
  return identityFromKey(generateKeyPairSync("ed25519").privateKey);
}

/** The identity of a PKCS#8 PEM text (RFC 8410 §7); throws ERR_KEY_FILE if it is not an unencrypted Ed25519 key. */
export function identityFromPem(pem: string): Identity {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: "pem" });
  } catch (cause) {
    throw new BywayError("ERR_KEY_FILE", "the key is not a readable private key in PEM", { cause });
  }
  if (key.asymmetricKeyType !== "ed25519") {
    throw new BywayError("ERR_KEY_FILE", `the key is ${key.asymmetricKeyType ?? "of an unknown kind"}, not Ed25519`);
  }
  return identityFromKey(key);
}

/** The private key as PKCS#8 PEM. */
export function identityToPem(identity: Identity): string {
  return identity.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/**
 * Whether `signature` (64 bytes) is that of the raw 32-byte `publicKey` over `message`; false for any malformed input, and
 * for keys and signatures that implementations judge differently (`ed25519-rule.ts`), whatever the one at hand says.
 */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isSoundPoint(publicKey) || !isSoundSignature(signature)) return false;
  try {
    // Five times as quick as from DER, which OpenSSL parses with all its ways of encoding a key.
    const key = createPublicKey({ key: publicKey, format: "raw-public", asymmetricKeyType: "ed25519" });
    return verify(null, message, key, signature);
  } catch {
    // OpenSSL throws where the 32 bytes are no point of the curve: nobody can have signed with such a key.
    return false;
  }
}

/** The raw 32 bytes of an Ed25519 public key object, or undefined for another kind and for a key that nobody can hold alone. */
export function rawPublicKey(key: KeyObject): Uint8Array | undefined {
  if (key.asymmetricKeyType !== "ed25519") return undefined;
  const raw = new Uint8Array(key.export({ type: "spki", format: "der" }).subarray(SPKI_PREFIX.length));
  return isSoundPoint(raw) ? raw : undefined;
}

function identityFromKey(privateKey: KeyObject): Identity {
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  if (publicKey === undefined)
    throw new BywayError("ERR_INTERNAL", "an identity was made from a key that is not Ed25519");
  return {
    peerId: peerIdFromPublicKey(publicKey),
    publicKey,
    privateKey,
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}
