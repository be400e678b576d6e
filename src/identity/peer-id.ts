import { base36 } from "multiformats/bases/base36";
import { base58btc } from "multiformats/bases/base58";
import { BywayError } from "../core/errors.ts";
import { isSoundPoint } from "./ed25519-rule.ts";
import { IDENTITY_LIMITS } from "./limits.ts";

declare const brand: unique symbol;

/** A peer's name: `k51…`, 62 lower-case characters (libp2p peer-ids spec; CIDv1 of the key's identity multihash, base36). */
export type PeerId = string & { readonly [brand]: true };

/*
 * offset  bytes        meaning
 *      0  01           CID version 1
 *      1  72           codec libp2p-key
 *      2  00 24        identity multihash of 36 bytes
 *      4  08 01        protobuf field 1 (Type) = 1, Ed25519
 *      6  12 20        protobuf field 2 (Data), 32 bytes
 *      8  32 bytes     the public key (RFC 8032)
 */
const CID_PREFIX: Uint8Array = Uint8Array.of(0x01, 0x72, 0x00, 0x24, 0x08, 0x01, 0x12, 0x20);
const MULTIHASH_PREFIX: Uint8Array = CID_PREFIX.subarray(2);
const KEY_BYTES = 32;

/** The peer id of a raw 32-byte Ed25519 public key; throws ERR_INTERNAL for any other length. */
export function peerIdFromPublicKey(publicKey: Uint8Array): PeerId {
  if (publicKey.length !== KEY_BYTES) {
    throw new BywayError("ERR_INTERNAL", `an Ed25519 public key has 32 bytes, not ${publicKey.length}`);
  }
  const cid = new Uint8Array(CID_PREFIX.length + KEY_BYTES);
  cid.set(CID_PREFIX);
  cid.set(publicKey, CID_PREFIX.length);
  return base36.encode(cid) as string as PeerId;
}

/** The raw 32-byte Ed25519 public key that a peer id holds; throws ERR_PARAMETER_VALUE if it holds none. */
export function publicKeyFromPeerId(id: PeerId): Uint8Array {
  const publicKey = decodeText(id);
  if (publicKey === undefined) throw malformed();
  return publicKey;
}

/**
 * Reads a peer id as a person or a stranger wrote it: `k51…`, or libp2p's older base58 form `12D3Koo…`.
 * Exactly one text of each form is accepted for one key, and no key that several can sign for; anything else throws
 * ERR_PARAMETER_VALUE.
 */
export function parsePeerId(text: string): PeerId {
  const publicKey = decodeText(text);
  if (publicKey === undefined) throw malformed();
  return peerIdFromPublicKey(publicKey);
}

/** The peer id in libp2p's older base58 form `12D3Koo…`, as multiaddrs have it. */
export function libp2pPeerId(id: PeerId): string {
  return base58btc.encode(Uint8Array.of(...MULTIHASH_PREFIX, ...publicKeyFromPeerId(id))).slice(1);
}

/** The last eight characters after an ellipsis, for messages: every id begins alike. */
export function shortPeerId(id: string): string {
  return `…${id.slice(-8)}`;
}

interface TextBase {
  encode(bytes: Uint8Array): string;
  decode(text: string): Uint8Array;
}

function decodeText(text: string): Uint8Array | undefined {
  if (text.length > IDENTITY_LIMITS.maxPeerIdChars.value) return undefined;
  return text.startsWith("k") ? keyAfter(CID_PREFIX, base36, text) : keyAfter(MULTIHASH_PREFIX, base58btc, `z${text}`);
}

function keyAfter(prefix: Uint8Array, base: TextBase, text: string): Uint8Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = base.decode(text);
  } catch {
    return undefined;
  }
  if (bytes.length !== prefix.length + KEY_BYTES) return undefined;
  if (prefix.some((byte, at) => bytes[at] !== byte)) return undefined;
  // The decoders accept more spellings than one (upper case, for one).
  if (base.encode(bytes) !== text) return undefined;
  const publicKey = bytes.slice(prefix.length);
  return isSoundPoint(publicKey) ? publicKey : undefined;
}

function malformed(): BywayError {
  return new BywayError("ERR_PARAMETER_VALUE", "a peer id has the form k51… (62 characters) or 12D3Koo…");
}
