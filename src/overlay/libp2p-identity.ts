import { privateKeyFromRaw, publicKeyFromRaw } from "@libp2p/crypto/keys";
import type { PeerId as Libp2pPeerId, PrivateKey } from "@libp2p/interface";
import { peerIdFromPublicKey as libp2pPeerIdFromPublicKey } from "@libp2p/peer-id";
import { BywayError } from "../core/errors.ts";
import { isSoundPoint } from "../identity/ed25519-rule.ts";
import type { Identity } from "../identity/identity.ts";
import { type PeerId, peerIdFromPublicKey, publicKeyFromPeerId } from "../identity/peer-id.ts";

/** The identity's private key as libp2p takes it: the same key as on the TLS side. */
export function libp2pKey({ privateKey, publicKey }: Identity): PrivateKey {
  const { d } = privateKey.export({ format: "jwk" });
  if (d === undefined) throw new BywayError("ERR_INTERNAL", "the identity has no private key");
  // RFC 8037 §2: `d` is the 32-byte seed; libp2p wants seed and public key.
  return privateKeyFromRaw(Buffer.concat([Buffer.from(d, "base64url"), publicKey]));
}

/** A peer id as libp2p takes it. */
export function toLibp2p(peer: PeerId): Libp2pPeerId {
  const key = publicKeyFromRaw(publicKeyFromPeerId(peer));
  if (key.type !== "Ed25519") throw new BywayError("ERR_INTERNAL", "a peer id does not hold an Ed25519 key");
  return libp2pPeerIdFromPublicKey(key);
}

/** The peer id of libp2p's, or undefined where its key is of another kind than Ed25519 or not sound: libp2p has no such rule. */
export function fromLibp2p(peer: Libp2pPeerId): PeerId | undefined {
  if (peer.type !== "Ed25519" || !isSoundPoint(peer.publicKey.raw)) return undefined;
  return peerIdFromPublicKey(peer.publicKey.raw);
}
