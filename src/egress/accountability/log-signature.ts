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
  return isSignedBy(peerId, signingInput(peerId, chainHash), signature);
}

/** What a node signs of a head record: this text and the record before its signature, a line each. */
function headInput(body: string): Uint8Array {
  return Buffer.from(`byway accountability head 1\n${body}\n`, "latin1");
}

/** The node's signature over a head record, in base64url. */
export function signHead(privateKey: KeyObject, body: string): string {
  return sign(null, headInput(body), privateKey).toString("base64url");
}

/** Whether `peerId` has signed this head record; false for anything malformed. */
export function verifyHead(peerId: string, body: string, signature: string): boolean {
  return isSignedBy(peerId, headInput(body), signature);
}

function isSignedBy(peerId: string, input: Uint8Array, signature: string): boolean {
  try {
    const publicKey = publicKeyFromPeerId(parsePeerId(peerId));
    const bytes = Buffer.from(signature, "base64url");
    // One spelling for one signature.
    if (bytes.toString("base64url") !== signature) return false;
    return verifySignature(publicKey, input, bytes);
  } catch {
    return false;
  }
}
