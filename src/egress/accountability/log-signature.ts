import { type KeyObject, sign } from "node:crypto";
import { verifySignature } from "../../identity/identity.ts";
import { type PeerId, parsePeerId, publicKeyFromPeerId } from "../../identity/peer-id.ts";

/** What a node signs: this text, its peer id and the hash of the record before, a line each. */
function signingInput(peerId: string, chainHash: string): Uint8Array {
  return Buffer.from(`byway accountability log 1\n${peerId}\n${chainHash}\n`, "latin1");
}

/** The node's Ed25519 signature (RFC 8032) over a chain up to and with the record of this hash, in base64url. */
export function signChain(privateKey: KeyObject, peerId: PeerId, chainHash: string): string {
  return sign(null, signingInput(peerId, chainHash), privateKey).toString("base64url");
}

/** Whether `peerId` has signed this; false for anything malformed. */
export function verifyChain(peerId: string, chainHash: string, signature: string): boolean {
  try {
    const publicKey = publicKeyFromPeerId(parsePeerId(peerId));
    const bytes = Buffer.from(signature, "base64url");
    // One spelling for one signature.
    if (bytes.toString("base64url") !== signature) return false;
    return verifySignature(publicKey, signingInput(peerId, chainHash), bytes);
  } catch {
    return false;
  }
}
